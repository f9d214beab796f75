# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A cloud turned by 90 degrees is noticed, the right one is not."""

import numpy as np
import pytest
from perception.lidar import scenes
from perception.lidar.scenes import FROM_LEVEL, PINHOLE, Box

from instance_seg_ros.perception.lidar.alignment import AlignmentMonitor
from instance_seg_ros.perception.lidar.oriented_box import LidarCamera
from instance_seg_ros.perception.lidar.placement import place_with_lidar
from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform

STREET = [Box('car', 9, 3, (4.2, 1.75, 1.55)), Box('car', 17, 3, (4.2, 1.75, 1.55)),
          Box('car', 12, -3, (4.2, 1.75, 1.55)), Box('person', 10, -6, (0.6, 0.6, 1.75)),
          Box('person', 14, 6.5, (0.6, 0.6, 1.75))]
HOUSES = [Box('truck', 20, 12, (60, 2, 9)), Box('truck', 20, -12, (60, 2, 9)),
          Box('truck', -30, 0, (2, 20, 9))]


def about_up(degrees):
    half = np.radians(degrees) / 2
    return RigidTransform.from_quaternion((0, 0, 0), (0, 0, np.sin(half), np.cos(half)))


@pytest.mark.parametrize('degrees', (0, 90, 180, 270))
def test_a_turned_cloud_is_noticed(degrees):
    monitor = AlignmentMonitor()
    for shift in (0, 1, 2):
        cars = [Box(b.label, b.x + shift, b.y, b.size) for b in STREET]
        placed = place_with_lidar(
            scenes.image(cars), scenes.lidar([*cars, *HOUSES], columns=1000),
            FROM_LEVEL @ about_up(degrees), LidarCamera(PINHOLE, scenes.CAMERA_HEIGHT))
        monitor.add(placed.votes)
    assert monitor.misaligned == (degrees != 0), monitor.share


def test_few_votes_say_nothing():
    monitor = AlignmentMonitor()
    monitor.add((False,) * 11)
    assert monitor.share is None and not monitor.misaligned
    monitor.add((False,))
    assert monitor.misaligned
    monitor.reset()
    assert monitor.share is None
