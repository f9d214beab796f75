# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms of a bag: chains, interpolation, and what is missing."""

import numpy as np
import pytest

from instance_seg_ros.perception.lidar.frame_tree import FrameTree
from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform
from instance_seg_ros.perception.lidar.scan_source import MissingTransform

SECOND = 1_000_000_000
POINTS = np.array([[1.0, 2, 3], [-4, 5, 6]])


def about_z(degrees, *translation):
    half = np.radians(degrees) / 2
    return RigidTransform.from_quaternion(translation or (0, 0, 0),
                                          (0, 0, np.sin(half), np.cos(half)))


@pytest.fixture
def tree():
    """Return a vehicle that drives along x at 10 m/s and turns by 10 degrees a second."""
    tree = FrameTree()
    tree.add('base_link', 'camera', about_z(-90, 1.0, 0, 1.5))
    tree.add('base_link', 'lidar', about_z(5, 0, 0, 2.0))
    for second in range(4):
        tree.add('odom', 'base_link', about_z(10 * second, 10.0 * second, 0, 0), second * SECOND)
    return tree


def test_a_chain_through_the_common_parent(tree):
    expected = about_z(-90, 1.0, 0, 1.5).inverse() @ about_z(5, 0, 0, 2.0)
    for fixed in '', 'odom':
        found = tree.between('camera', SECOND, 'lidar', SECOND, fixed)
        assert found.apply(POINTS) == pytest.approx(expected.apply(POINTS))


def test_motion_between_the_stamps_is_compensated(tree):
    found = tree.between('base_link', 2 * SECOND, 'base_link', SECOND, 'odom')
    expected = about_z(20, 20, 0, 0).inverse() @ about_z(10, 10, 0, 0)
    assert found.apply(POINTS) == pytest.approx(expected.apply(POINTS))
    still = tree.between('camera', 2 * SECOND, 'lidar', SECOND, 'map')     # not in the tree
    assert still.apply(POINTS) == pytest.approx(
        tree.between('camera', SECOND, 'lidar', SECOND).apply(POINTS))


def test_between_two_stamps_the_transform_is_between_both(tree):
    found = tree.between('odom', 0, 'base_link', round(1.5 * SECOND))
    assert found.apply(POINTS) == pytest.approx(about_z(15, 15, 0, 0).apply(POINTS), abs=1e-3)


@pytest.mark.parametrize('target, source, stamp, reason', (
    ('camera', 'radar', 0, 'not connected'), ('odom', 'base_link', 9 * SECOND, '6.000 s after'),
    ('odom', 'base_link', -1, 'outside')))
def test_what_is_missing_is_named(tree, target, source, stamp, reason):
    with pytest.raises(MissingTransform, match=reason):
        tree.between(target, stamp, source, stamp)


def test_a_jump_back_in_time_begins_anew(tree):
    tree.add('odom', 'base_link', about_z(0, 5, 0, 0), 0)
    assert tree.between('odom', 0, 'base_link', 0).translation[0] == 5
    with pytest.raises(MissingTransform):
        tree.between('odom', SECOND, 'base_link', SECOND)
