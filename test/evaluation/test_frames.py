# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.sample import IGNORE, Sample
from instance_seg_ros.evaluation.frames import (
    TruthFrames,
    ids_of,
    open_frames,
    spread,
    touching,
)
from instance_seg_ros.evaluation.semantic import TO_CAMVID, Confusion, translation

CITY, CAMVID = LabelSet.named('cityscapes'), LabelSet.named('camvid')


def test_every_class_has_its_place_among_the_eleven():
    assert set(TO_CAMVID) == set(CITY.names) and set(TO_CAMVID.values()) == set(CAMVID.names)
    table = translation(CITY, CAMVID)
    assert table[26] == CAMVID.names.index('car') and table[0] == IGNORE
    same = translation(CITY, CITY)
    assert [same[i] for i in CITY.ids] == list(range(19))


def test_iou_by_hand():
    confusion = Confusion(CAMVID)
    truth = np.array([[0, 0, 0, 1], [1, 1, IGNORE, IGNORE]])
    predicted = np.array([[0, 0, 1, 1], [1, IGNORE, 3, 0]])
    confusion.add(truth, predicted)
    assert confusion.iou() == {'sky': 2 / 3, 'building': 2 / 4}
    assert confusion.mean() == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_unseparated_things_become_groups():
    classes = np.array([[13, 13, IGNORE, 0]], np.uint8)
    instances = np.array([[26004, 0, 0, 0]], np.uint16)
    sample = Sample('x', np.zeros((1, 4, 3), np.uint8), classes, instances)
    assert ids_of(sample, CITY).tolist() == [[26004, 26, 0, 7]]


def test_touching_is_within_three_pixels_and_one_class():
    ids = np.full((20, 60), 7, np.int32)
    ids[5:15, 0:10], ids[5:15, 12:20], ids[5:15, 20:30] = 26000, 26001, 24000
    ids[5:15, 40:50] = 26002
    assert touching(ids) == {26000, 26001}


def test_spread_takes_frames_evenly():
    assert spread(10, None) == list(range(10)) == spread(10, 20)
    assert spread(10, 3) == [0, 3, 7]


def test_distances_follow_the_published_formula(tmp_path):
    classes = np.full((4, 6), 13, np.uint8)
    folder = {k: tmp_path / k / 'val' / 'town' for k in ('leftImg8bit', 'gtFine', 'disparity',
                                                         'camera')}
    for path in folder.values():
        path.mkdir(parents=True)
    name = 'town_000000_000001'
    cv2.imwrite(str(folder['leftImg8bit'] / f'{name}_leftImg8bit.png'), np.zeros((4, 6, 3)))
    cv2.imwrite(str(folder['gtFine'] / f'{name}_gtFine_labelIds.png'), classes * 0 + 26)
    cv2.imwrite(str(folder['gtFine'] / f'{name}_gtFine_instanceIds.png'),
                np.full((4, 6), 26001, np.uint16))
    disparity = np.zeros((4, 6), np.uint16)
    disparity[:2] = 256 * 10 + 1     # d = 10
    cv2.imwrite(str(folder['disparity'] / f'{name}_disparity.png'), disparity)
    (folder['camera'] / f'{name}_camera.json').write_text(json.dumps(
        {'extrinsic': {'baseline': .2}, 'intrinsic': {'fx': 2000.}}))
    frames = open_frames('cityscapes', tmp_path, 'val')
    assert isinstance(frames, TruthFrames) and frames.count == 1
    assert next(iter(frames.frames)).distances == {26001: (pytest.approx(40.), .5)}
