# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Free space: walls at known distances, speckles, and columns that show nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.perception.free_space import free_space, obstacle_rows
from instance_seg_ros.perception.positions import Pinhole

LABELS = LabelSet.named('cityscapes')
ROAD, CAR, SKY, BUILDING = (LABELS.by_name(n).id for n in ('road', 'car', 'sky', 'building'))
PINHOLE = Pinhole(400.0, 400.0, 319.5, 120.0)
SHAPE = (360, 640)


def wall(row):
    """Return an image of a wall whose lower edge is the upper edge of a row."""
    mask = np.full(SHAPE, ROAD, np.uint8)
    mask[:row] = BUILDING
    return mask


@given(st.integers(130, 350), st.floats(-0.1, 0.2))
def test_a_wall_is_where_it_stands(row, pitch):
    scan = free_space(wall(row), LABELS, PINHOLE, 1.5, pitch)
    slope = (row - 0.5 - PINHOLE.cy) / PINHOLE.fy * np.cos(pitch) + np.sin(pitch)
    straight = np.abs(np.argmin(np.abs(scan.angle_min + scan.angle_increment
                                       * np.arange(len(scan.ranges)))))
    ahead = np.cos(pitch) - (row - 0.5 - PINHOLE.cy) / PINHOLE.fy * np.sin(pitch)
    expected = 1.5 / slope * ahead if slope > 0 else np.inf
    if expected < 49:
        assert scan.ranges[straight] == pytest.approx(expected, rel=0.01)
    elif expected > 51:
        assert scan.ranges[straight] == np.inf


def test_a_straight_wall_is_straight():
    """The ranges grow with the angle as those of a wall across the road do."""
    scan = free_space(wall(180), LABELS, PINHOLE, 1.5)
    angles = scan.angle_min + scan.angle_increment * np.arange(len(scan.ranges))
    assert scan.ranges * np.cos(angles) == pytest.approx(1.5 * 400 / 59.5, rel=0.01)
    assert scan.angle_max == pytest.approx(angles[-1])


def test_the_left_of_the_image_is_the_left():
    mask = wall(140)
    mask[:200, :320] = CAR
    scan = free_space(mask, LABELS, PINHOLE, 1.5)
    assert scan.ranges[-10] < scan.ranges[10]       # angles grow to the left
    assert scan.angle_min < 0 < scan.angle_max


def test_free_to_the_horizon_is_infinite():
    scan = free_space(wall(121), LABELS, PINHOLE, 1.5)
    assert np.isinf(scan.ranges).all()
    assert np.isinf(free_space(np.full(SHAPE, ROAD, np.uint8), LABELS, PINHOLE, 1.5).ranges).all()


def test_rows_of_obstacles():
    mask = wall(100)
    mask[250:252, 5] = CAR          # a speckle
    mask[250:253, 6] = CAR          # an obstacle
    mask[300:, 7] = 0               # hidden by the vehicle
    mask[:, 8] = 0                  # outside the region of interest
    mask[350:, 9] = CAR             # right in front
    rows = obstacle_rows(mask, LABELS)
    assert rows[4:10].tolist() == [99, 99, 252, 99, 360, 359]


def test_where_nothing_is_seen_the_range_is_unknown():
    scan = free_space(np.zeros(SHAPE, np.uint8), LABELS, PINHOLE, 1.5)
    assert np.isnan(scan.ranges).all()
