# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A cloud that is turned is noticed, the right one is not."""

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
CAMERA = LidarCamera(PINHOLE, scenes.CAMERA_HEIGHT)


def about_up(degrees):
    half = np.radians(degrees) / 2
    return RigidTransform.from_quaternion((0, 0, 0), (0, 0, np.sin(half), np.cos(half)))


def place(seen, scanned, degrees):
    return place_with_lidar(scenes.image(seen), scenes.lidar(scanned, columns=1000),
                            FROM_LEVEL @ about_up(degrees), CAMERA)


@pytest.mark.parametrize('degrees', (0, 90, 180, 270))
def test_a_turned_cloud_is_noticed_by_the_objects(degrees):
    monitor = AlignmentMonitor()
    for shift in (0, 1, 2):
        cars = [Box(b.label, b.x + shift, b.y, b.size) for b in STREET]
        monitor.add(place(cars, [*cars, *HOUSES], degrees).votes)
    assert monitor.misaligned == (degrees != 0), monitor.share


@pytest.mark.parametrize('degrees', (0, 90, 180, 270))
def test_a_turned_cloud_is_noticed_by_the_ground(degrees):
    """A wall on the left ahead, on the right behind: half a turn swaps them."""
    walls = [Box('truck', 16, 3, (24, 2, 4)), Box('truck', -16, 3, (24, 2, 4))]
    monitor = AlignmentMonitor()
    match = place(walls, walls, degrees).ground_match
    assert match is not None
    for _ in range(5):
        assert not monitor.misaligned
        monitor.add((), match)
    assert monitor.misaligned == (degrees != 0), monitor.ground_correlation
    if degrees == 0:
        assert monitor.ground_correlation > 0.75
    else:
        assert 'road' in monitor.reasons()[0]


def test_an_image_of_the_road_alone_says_nothing_about_the_ground():
    assert place([], [], 0).ground_match is None


def test_near_objects_disagree_with_a_cloud_outside_the_image():
    scan = scenes.lidar(STREET)
    placed = place_with_lidar(scenes.image(STREET), scan[scan[:, 0] < 0], FROM_LEVEL, CAMERA)
    assert placed.points_in_image == 0 and placed.ground_match is None
    assert placed.votes and not any(placed.votes)


def test_few_votes_say_nothing():
    monitor = AlignmentMonitor()
    monitor.add((False,) * 11)
    assert monitor.share is None and not monitor.misaligned
    monitor.add((False,))
    assert monitor.misaligned and '100%' in monitor.reasons()[0]
    monitor.reset()
    assert monitor.share is None
