# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with a record is reported with file and record, and can be skipped."""
import json

import cv2
import numpy as np
import pytest

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.datasets import open_dataset, open_sound

from . import written


def change_coco(root, change):
    """Write the scene twice, the second image sound, and damage the first."""
    written.coco(root)
    path = root / 'annotations/instances_val2017.json'
    data = json.loads(path.read_text())
    data['images'].append({**data['images'][0], 'id': 8, 'file_name': 'b.png'})
    written.write(root / 'val2017/b.png', written.IMAGE)
    change(data)
    path.write_text(json.dumps(data))
    return root


def first(data):
    return data['annotations'][0]


SQUARE = [2, 2, 9, 2, 9, 9, 2, 9]
DAMAGE = {
    'outside the image': lambda d: first(d).update(segmentation=[[100, 2, 150, 2, 150, 20]]),
    'a polygon of zero area': lambda d: first(d).update(segmentation=[[2, 2, 9, 2, 5, 2]]),
    'a polygon of 2 points': lambda d: first(d).update(segmentation=[[2, 2, 9, 2]]),
    'neither polygons nor RLE': lambda d: first(d).update(segmentation=[['a', 'b']]),
    'no mask': lambda d: first(d).update(segmentation=[]),
    'category id 77 is not listed': lambda d: first(d).update(category_id=77),
    'RLE of size [41, 60] (height, width) for an image of 60 x 40':
        lambda d: first(d).update(segmentation={'size': [41, 60], 'counts': [2460]}),
    'a mask of zero area':
        lambda d: first(d).update(segmentation={'size': [40, 60], 'counts': [2400]}),
    'annotation 1: duplicate id': lambda d: d['annotations'].append(
        {**first(d), 'segmentation': [SQUARE]}),
    'missing file gone.png': lambda d: d['images'][0].update(file_name='gone.png'),
    'image 7: no width and height': lambda d: d['images'][0].pop('width'),
}


@pytest.mark.parametrize('reason', DAMAGE)
def test_damage_of_a_coco_record_is_reported_and_can_be_skipped(reason, tmp_path):
    change_coco(tmp_path, DAMAGE[reason])
    data = open_dataset(tmp_path, 'val', 'cityscapes')
    problem, = map(str, data.problems())
    assert reason in problem and 'annotations/instances_val2017.json: ' in problem
    with pytest.raises(UserError, match='1 problems.*--skip-bad'):
        open_sound(tmp_path, 'val', 'cityscapes')
    rest = open_sound(tmp_path, 'val', 'cityscapes', skip_bad=True)
    assert len(rest) == 1 and rest[0].name == 'b'


def test_annotations_without_an_image_spoil_none(tmp_path):
    change_coco(tmp_path, lambda d: first(d).update(image_id=99))
    data = open_dataset(tmp_path, 'val', 'cityscapes')
    assert 'image 99 is not listed' in str(data.problems()[0])
    assert len(open_sound(tmp_path, 'val', 'cityscapes', skip_bad=True)) == 2


def test_duplicate_images_are_named(tmp_path):
    change_coco(tmp_path, lambda d: d['images'][1].update(id=7))
    problem, = open_dataset(tmp_path, 'val', 'cityscapes').problems()
    assert (problem.record, problem.reason) == ('image 7', 'duplicate id')


def test_broken_json_is_named_with_its_line(tmp_path):
    written.coco(tmp_path)
    path = tmp_path / 'annotations/instances_val2017.json'
    path.write_text(path.read_text().replace('"images": [', '"images": [\n,'))
    with pytest.raises(UserError, match=r'instances_val2017.json: broken JSON at line 2'):
        open_dataset(tmp_path, 'val', 'cityscapes')


def test_rle_that_does_not_fill_the_image_is_an_error_of_that_image(tmp_path):
    change_coco(tmp_path, lambda d: first(d).update(
        segmentation={'size': [40, 60], 'counts': [10, 5]}))
    data = open_dataset(tmp_path, 'val', 'cityscapes')
    with pytest.raises(UserError, match='a.png: runs of 15 pixels for a mask of 40 x 60'):
        data[0]


def test_a_broken_image_is_skipped_where_that_is_asked_for(tmp_path, caplog):
    change_coco(tmp_path, lambda d: None)
    (tmp_path / 'val2017/a.png').write_bytes(b'broken')
    with pytest.raises(UserError, match='a.png'):
        open_sound(tmp_path, 'val', 'cityscapes')[0]
    data = open_sound(tmp_path, 'val', 'cityscapes', skip_bad=True)
    assert data[0].name == 'b' and data[0].name == 'b'
    assert caplog.text.count('skipped: ') == 1
    (tmp_path / 'val2017/b.png').write_bytes(b'broken')
    with pytest.raises(UserError, match='2 images in a row are broken'):
        data[0]


def test_yolo_lines_are_named(tmp_path):
    written.yolo(tmp_path)
    text = tmp_path / 'labels/val/a.txt'
    text.write_text(text.read_text() + '0 .5 .5 .1 .1\n7 .1 .1 .2 .1 .2 .2\nx .1 .1\n'
                    '0 .1 .1 .2 .1 .2\n0 .1 .1 1.2 .1 .2 .2\n0 .1 .1 .2 .1 .15 .1\n')
    problems = [str(p) for p in open_dataset(tmp_path, 'val', 'cityscapes').problems()]
    reasons = ('a box', 'class 7 is not listed', 'is not CLASS X Y', 'a polygon of 5 numbers',
               'outside the', 'zero area')
    assert len(problems) == 6
    for line, (problem, reason) in enumerate(zip(problems, reasons, strict=True), 4):
        assert problem.startswith(f'labels/val/a.txt: line {line}: ') and reason in problem


def test_a_bad_line_of_kitti_mots_is_named(tmp_path):
    written.kitti_mots_text(tmp_path)
    with (tmp_path / 'instances_txt/0002.txt').open('a') as file:
        file.write('\n0 3001 3 40 60 x')
    problem, = open_dataset(tmp_path, 'val', 'cityscapes').problems()
    assert str(problem).startswith('instances_txt/0002.txt: line 5: not FRAME')


@pytest.mark.parametrize(('layout', 'label', 'value', 'reason'), [
    (written.kitti_semantics, 'training/instance/000005_10.png', 40 * 256, 'label id 40'),
    (written.kitti_mots_png, 'instances/0002/000000.png', 3001, 'id 3001'),
    (written.vistas_1_2, 'validation/instances/a.png', 9 * 256, 'class 9')])
def test_values_that_a_format_does_not_have_are_named(layout, label, value, reason, tmp_path):
    layout(tmp_path)
    array = cv2.imread(str(tmp_path / label), cv2.IMREAD_UNCHANGED)
    array[0, 0] = value
    cv2.imwrite(str(tmp_path / label), array)
    with pytest.raises(UserError, match=reason):
        open_dataset(tmp_path, 'val', 'cityscapes')[0]


def test_labels_of_another_size_are_an_error(tmp_path):
    written.vistas_1_2(tmp_path)
    written.write(tmp_path / 'validation/instances/a.png', np.zeros((4, 4), np.uint16))
    with pytest.raises(UserError, match='labels of 4 x 4 for an image of 60 x 40'):
        open_dataset(tmp_path, 'val', 'cityscapes')[0]


def test_check_lists_all_and_exits_with_1(tmp_path, capsys):
    root = change_coco(tmp_path, DAMAGE['outside the image'])
    (root / 'annotations/instances_val2017.json').rename(
        root / 'annotations/instances_train2017.json')
    (root / 'val2017').rename(root / 'train2017')
    (root / 'train2017/b.png').write_bytes(b'broken')
    assert main(['train', '--data', str(root), '--check']) == 1
    out = capsys.readouterr().out
    assert 'annotation 1: a polygon from' in out and 'b.png' in out and '2 problems' in out
    assert main(['train', '--data', str(root), '--output', str(tmp_path / 'run')]) == 2
    assert '--skip-bad' in capsys.readouterr().err
