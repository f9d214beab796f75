# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs `datasets`, `view-dataset` and `convert`, on folders in their true layouts."""
import json

import cv2
import numpy as np
import pytest
from datasets import written

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.label_file import load_label_set, save_label_set
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets import DATASETS, open_dataset
from instance_seg_ros.datasets.writers import CityscapesWriter, CocoWriter
from instance_seg_ros.inference.checkpoint import random_checkpoint


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))


@pytest.fixture
def export(tmp_path):
    written.coco(tmp_path / 'my_export')
    return tmp_path / 'my_export'


def test_all_data_sets_are_listed(capsys):
    assert main(['datasets']) == 0
    out = capsys.readouterr().out
    assert all(f'{name}: ' in out for name in DATASETS) and 'licence: ' in out


def test_a_folder_is_recognised(export, tmp_path, capsys):
    assert main(['datasets', str(export)]) == 0
    assert 'coco (COCO instances); images: val: 1' in capsys.readouterr().out
    assert main(['datasets', str(tmp_path)]) == 2
    assert 'unknown data set' in capsys.readouterr().err


def test_the_page_shows_images_counts_and_problems(export, tmp_path):
    page, labels = tmp_path / 'page.html', tmp_path / 'own.yaml'
    arguments = ['view-dataset', str(export), '--split', 'val', '--output', str(page)]
    assert main([*arguments, '--write-label-set', str(labels)]) == 0
    text = page.read_text()
    assert text.count('<figure>') == 1 and 'data:image/jpeg;base64,' in text
    assert '<tr><td>car<td>car<td>2<td>1</tr>' in text and '0 problems' in text
    assert load_label_set(labels).names == ('background', 'car', 'person')
    (export / 'val2017/a.png').unlink()
    assert main(arguments) == 0
    text = page.read_text()
    assert 'missing file a.png' in text and '<figure>' not in text


@pytest.mark.parametrize('layout', [x for x in written.LAYOUTS if 'cityscapes' not in x.__name__],
                         ids=lambda f: f.__name__)
@pytest.mark.parametrize('to', ['cityscapes', 'coco'])
def test_conversion_keeps_every_pixel(layout, to, tmp_path):
    layout(tmp_path / 'in')
    save_label_set(tmp_path / 'city.yaml', LabelSet.named('cityscapes'))
    assert main(['convert', str(tmp_path / 'in'), str(tmp_path / 'out'), '--to', to, '--split',
                 'val', '--label-set', str(tmp_path / 'city.yaml')]) == 0
    before = open_dataset(tmp_path / 'in', 'val', 'cityscapes').with_truth(0)[1]
    after = open_dataset(tmp_path / 'out', 'val', 'cityscapes').with_truth(0)[1]
    for label, box in written.OBJECTS.values():
        inside = written.rectangle(box)
        (old,), (new,) = np.unique(before[inside]), np.unique(after[inside])
        assert old // 1000 == new // 1000 == LabelSet.named('cityscapes').by_name(label).id
        assert np.count_nonzero(after == new) == inside.sum()
    source = open_dataset(tmp_path / 'in', 'val', 'cityscapes').image_path(0)
    copy = open_dataset(tmp_path / 'out', 'val', 'cityscapes').image_path(0)
    assert copy.read_bytes() == source.read_bytes()


def label_file(tmp_path):
    path = tmp_path / 'own.yaml'
    path.write_text('classes: [ground, {name: vehicle, instances: true, aliases: [car]}]\n'
                    'rest: ground\n')
    return ['--label-set', str(path)]


def test_own_classes_go_to_coco_alone(export, tmp_path, capsys):
    own = label_file(tmp_path)
    command = ['convert', str(export), str(tmp_path / 'out'), '--split', 'val', *own]
    assert main([*command, '--to', 'cityscapes']) == 2
    assert '--to coco' in capsys.readouterr().err
    assert main([*command, '--polygons']) == 0
    data = json.loads((tmp_path / 'out/annotations/instances_val.json').read_text())
    assert [c['name'] for c in data['categories']] == ['vehicle']
    assert len(data['annotations']) == 2 and data['annotations'][0]['area'] == 150
    assert isinstance(data['annotations'][0]['segmentation'], list)
    after = open_dataset(tmp_path / 'out', 'val', load_label_set(own[1])).with_truth(0)[1]
    assert np.count_nonzero(after >= 1000) == 300
    assert main(command) == 2
    assert 'not empty' in capsys.readouterr().err


def test_predictions_are_written_for_correction(tmp_path):
    checkpoint = random_checkpoint(input_size=(64, 64))
    checkpoint.save(tmp_path / 'random.safetensors')
    written.write(tmp_path / 'images/b.png', np.full((40, 60, 3), 90, np.uint8))
    assert main(['convert', str(tmp_path / 'images'), str(tmp_path / 'out'), '--checkpoint',
                 str(tmp_path / 'random.safetensors'), '--device', 'cpu', '--score-threshold',
                 '0']) == 0
    data = json.loads((tmp_path / 'out/annotations/instances_train.json').read_text())
    assert [i['file_name'] for i in data['images']] == ['b.png']
    assert all(0 <= a['score'] <= 1 for a in data['annotations'] if not a['iscrowd'])
    (tmp_path / 'empty').mkdir()
    assert main(['convert', str(tmp_path / 'empty'), str(tmp_path / 'x'), '--checkpoint',
                 str(tmp_path / 'random.safetensors'), '--device', 'cpu']) == 2


def test_an_interrupted_conversion_leaves_no_json(tmp_path):
    sample = None
    with pytest.raises(AttributeError), CocoWriter(
            tmp_path / 'out', 'train', LabelSet.named('cityscapes')) as writer:
        writer.add(sample, None)
    assert not [p for p in (tmp_path / 'out/annotations').iterdir()]


def test_two_images_of_one_name_are_refused(tmp_path):
    written.cityscapes(tmp_path / 'in')
    sample = open_dataset(tmp_path / 'in', 'val', 'cityscapes')[0]
    writer = CityscapesWriter(tmp_path / 'out', 'val', LabelSet.named('cityscapes'))
    writer.add(sample, None)
    assert np.array_equal(cv2.imread(str(next((tmp_path / 'out/leftImg8bit').rglob('*.png')))),
                          sample.image[..., ::-1])
    with pytest.raises(UserError, match='two images have this name'):
        writer.add(sample, None)
