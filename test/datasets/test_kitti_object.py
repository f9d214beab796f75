# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""KITTI object frames in both layouts, and damaged ones."""

import json
import shutil

import cv2
import numpy as np
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.datasets.kitti_object import KittiObject


@pytest.fixture
def frames(shared_data):
    return shared_data / 'kitti_lidar'


@pytest.mark.shared
def test_the_lidar_lies_on_the_true_boxes(frames):
    data = KittiObject(frames)
    assert data.names == ['000000', '000001', '000002']
    pedestrian = data[0]
    (box,) = pedestrian.boxes
    assert box.label == 'Pedestrian' and box.size == pytest.approx([1.2, 0.48, 1.89])
    inside = box.contains(pedestrian.camera_from_lidar.apply(pedestrian.xyz))
    assert np.count_nonzero(inside) > 300
    pixels = box.corners[:, :2] / box.corners[:, 2:] * 707.05
    assert np.ptp(pixels[:, 1]) == pytest.approx(box.box_2d[3] - box.box_2d[1], rel=0.1)


@pytest.mark.shared
def test_the_layout_of_the_benchmark_reads_the_same(frames, tmp_path):
    short = KittiObject(frames)[0]
    root = tmp_path / 'training'
    for folder in ('image_2', 'velodyne', 'calib', 'label_2'):
        (root / folder).mkdir(parents=True)
    cv2.imwrite(str(root / 'image_2/000000.png'), short.image[:, :, ::-1])
    shutil.copy(frames / 'object/000000.bin', root / 'velodyne')
    shutil.copy(frames / 'object/000000_boxes.txt', root / 'label_2/000000.txt')
    calibration = json.loads((frames / 'object/000000_calib.json').read_text())
    (root / 'calib/000000.txt').write_text(''.join(
        f'{name}: {" ".join(str(v) for row in rows for v in row)}\n'
        for name, rows in calibration.items()))
    official = KittiObject(tmp_path)[0]
    assert np.array_equal(official.image, short.image)
    assert np.array_equal(official.xyz, short.xyz)
    assert official.pinhole == short.pinhole
    assert np.allclose(official.boxes[0].corners, short.boxes[0].corners)


@pytest.mark.shared
@pytest.mark.parametrize('name, text', (
    ('000000_calib.json', '{}'), ('000000_boxes.txt', 'Car 1 2\n'), ('000000.bin', 'abc')))
def test_a_damaged_frame_is_named(frames, tmp_path, name, text):
    shutil.copytree(frames / 'object', tmp_path / 'object', copy_function=shutil.copyfile)
    (tmp_path / 'object').chmod(0o755)
    (tmp_path / 'object' / name).write_text(text)
    with pytest.raises(UserError, match='000000'):
        KittiObject(tmp_path)[0]


def test_a_folder_without_frames_is_refused(tmp_path):
    with pytest.raises(UserError, match='no KITTI object frames'):
        KittiObject(tmp_path)
