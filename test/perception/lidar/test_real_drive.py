# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The alignment check on a real drive that is segmented with the shipped weights."""

import json

import numpy as np
import pytest

from instance_seg_ros import InstanceSegmenter
from instance_seg_ros.datasets.kitti_object import CAMERA_HEIGHT_M, camera_of
from instance_seg_ros.datasets.sample import read_rgb
from instance_seg_ros.perception.lidar.alignment import AlignmentMonitor
from instance_seg_ros.perception.lidar.oriented_box import LidarCamera
from instance_seg_ros.perception.lidar.placement import place_with_lidar
from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform


@pytest.fixture(scope='module')
def drive(shared_data):
    """Sixteen frames: instance map and cloud (N, 3) of each; pinhole and lidar's transform."""
    folder = shared_data / 'kitti_lidar'
    segmenter = InstanceSegmenter.from_checkpoint(device='cpu', score_threshold=0.2)
    frames = [(segmenter(read_rgb(path)),
               np.fromfile(path.with_suffix('.bin'), np.float32).reshape(-1, 4)[:, :3].copy())
              for path in sorted((folder / 'drive').glob('*.jpg'))]
    pinhole, _, transform = camera_of(json.loads((folder / 'drive_calib.json').read_text()))
    return frames, pinhole, transform


def first_warning(drive, degrees):
    """Return after how many frames a cloud that is turned is noticed; None: never."""
    frames, pinhole, transform = drive
    half = np.radians(degrees) / 2
    turned = transform @ RigidTransform.from_quaternion(
        (0, 0, 0), (0, 0, np.sin(half), np.cos(half)))
    monitor = AlignmentMonitor()
    for count, (found, xyz) in enumerate(frames, 1):
        placed = place_with_lidar(found, xyz, turned, LidarCamera(pinhole, CAMERA_HEIGHT_M))
        monitor.add(placed.votes, placed.ground_match)
        if monitor.misaligned:
            return count
    return None


@pytest.mark.slow
def test_right_transform(drive):
    assert first_warning(drive, 0) is None


@pytest.mark.slow
@pytest.mark.parametrize('degrees', [10, 45, 90, 180, 270])
def test_turned_cloud(drive, degrees):
    """The clouds are cut to the view of the camera: turned far, they leave the image."""
    assert first_warning(drive, degrees) is not None
