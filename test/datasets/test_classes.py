# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Classes of one's own: label files, mapping, what a source does not label."""
import numpy as np
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.label_file import load_label_set, save_label_set
from instance_seg_ros.core.labels import IGNORE_INDEX, LabelSet
from instance_seg_ros.datasets import open_dataset
from instance_seg_ros.datasets.class_map import ClassMap
from instance_seg_ros.datasets.own_labels import label_set_of
from instance_seg_ros.datasets.painter import BACKGROUND_ID

from . import written

YARD = """
classes:
  - ground
  - {name: vehicle, id: 9, color: [1, 2, 3], instances: true, aliases: [car, Fork_Truck]}
  - {name: worker, instances: true, aliases: {coco: [person]}}
map: {trailer: ignore}
rest: ground
"""


@pytest.fixture
def yard(tmp_path):
    path = tmp_path / 'yard.yaml'
    path.write_text(YARD)
    return load_label_set(path)


def test_a_label_file_reads_as_it_says(yard):
    assert yard.name == 'yard' and yard.rest == 'ground'
    assert [(x.id, x.name, x.has_instances) for x in yard.labels] == [
        (1, 'ground', False), (9, 'vehicle', True), (2, 'worker', True)]
    assert yard.by_name('vehicle').color == (1, 2, 3)
    assert yard.target('coco', 'fork truck') == 'vehicle' == yard.target('yolo', 'FORK-TRUCK')
    assert yard.target('coco', 'person') == 'worker' and yard.target('yolo', 'person') is None
    assert yard.target('coco', 'trailer') == 'ignore'


def test_a_label_file_is_written_as_it_is_read(yard, tmp_path):
    save_label_set(tmp_path / 'again.yaml', yard)
    again = load_label_set(tmp_path / 'again.yaml')
    assert again == yard and again.rest == yard.rest and dict(again.map) == dict(yard.map)
    assert LabelSet.from_dict(yard.to_dict()) == yard
    assert LabelSet.from_dict(yard.to_dict()).target('coco', 'person') == 'worker'


@pytest.mark.parametrize(('text', 'reason'), [
    ('[]', 'needs a list'), ('classes: 5', 'needs a list'), ('classes: [{id: 3}]', 'no name'),
    ('classes: [a, a]', 'repeats'), ('classes: [{name: a, id: 70}]', '1 to 64'),
    ('classes: [a]\nmap: {b: c}', 'no class c'), ('classes: [a]\nmap: [b]', 'not a mapping'),
    ('classes: [a]\nrest: b', 'no class b'),
    ('classes: [{name: a, colour: x}]', 'unknown entry colour'), ('classes: [ignore]', 'ignore'),
    ('classes: [{name: a, color: [1, 2, 300]}]', '0 to 255'), ('a: [', 'invalid YAML')])
def test_a_wrong_label_file_says_why(text, reason, tmp_path):
    path = tmp_path / 'wrong.yaml'
    path.write_text(text)
    with pytest.raises(UserError, match=reason) as caught:
        load_label_set(path)
    assert 'wrong.yaml' in str(caught.value)


def test_what_is_not_mapped_is_reported(yard):
    class_map = ClassMap.of('coco', ['car', 'person', 'dog', 'trailer'], yard)
    assert class_map.unmapped == ['dog']
    assert class_map.channel('dog') == class_map.channel('trailer') == IGNORE_INDEX
    assert class_map.channel('car') == 1 and class_map.label('person').name == 'worker'
    text = str(class_map)
    assert 'renamed: car -> vehicle, person -> worker' in text
    assert 'not mapped, ignored: dog' in text and 'ignored: trailer' in text


def test_a_source_does_not_label_what_it_has_no_class_for():
    class_map = ClassMap.of('coco', ['car', 'dog'], LabelSet.named('cityscapes'))
    names = LabelSet.named('cityscapes').names
    assert [n for n, known in zip(names, class_map.labelled, strict=True) if known] == ['car']
    assert 'not labelled by this source: road' in str(class_map)


def test_pixels_outside_objects_are_the_class_of_the_rest(yard, tmp_path):
    written.coco(tmp_path / 'data')
    data = open_dataset(tmp_path / 'data', 'val', yard)
    sample, ids = data.with_truth(0)
    assert sample.classes[0, 0] == 0 and ids[0, 0] == 1
    car = written.rectangle(written.OBJECTS['car 1'][1])
    assert set(np.unique(ids[car])) == {9000 + (ids[car][0] % 1000)}
    assert (sample.classes[written.rectangle(written.CROWD)] == IGNORE_INDEX).all()
    assert data.labelled.all()


def test_merged_classes_keep_their_instances_apart(tmp_path):
    path = tmp_path / 'one.yaml'
    path.write_text('classes: [{name: road user, instances: true, aliases: [car, person]}, road]')
    for layout in (written.cityscapes, written.coco):
        layout(tmp_path / layout.__name__)
        data = open_dataset(tmp_path / layout.__name__, 'val', load_label_set(path))
        sample, ids = data.with_truth(0)
        assert len(np.unique(ids[ids >= 1000])) == 3
        assert set(np.unique(ids[ids < 1000])) <= {0, 2, BACKGROUND_ID}
        assert not sample.instances[sample.classes == 1].any()


def test_cityscapes_without_any_class_in_common_is_refused(tmp_path):
    written.cityscapes(tmp_path)
    (tmp_path / 'other.yaml').write_text('classes: [forklift]')
    for label_set in ('sticks', 'camvid', load_label_set(tmp_path / 'other.yaml')):
        with pytest.raises(UserError, match='not those of label set'):
            open_dataset(tmp_path, 'val', label_set)


def test_a_first_label_set_comes_from_the_annotations(tmp_path):
    written.coco(tmp_path)
    own = label_set_of(tmp_path, 'val')
    assert own.names == ('background', 'car', 'person') and own.rest == 'background'
    assert own.thing_indices == (1, 2)
    sample = open_dataset(tmp_path, 'val', own)[0]
    assert set(np.unique(sample.classes)) == {0, 1, 2, IGNORE_INDEX}
