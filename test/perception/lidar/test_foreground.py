# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Points in the image, in the masks, and in the foreground."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from perception.lidar.scenes import LABELS, PINHOLE

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.perception.lidar.foreground import in_foreground, points_in_masks
from instance_seg_ros.perception.lidar.projection import ProjectedPoints, project
from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform


@given(st.floats(0, 639.4), st.floats(0, 239.4), st.floats(0.5, 90))
def test_a_point_falls_into_the_pixel_it_is_seen_in(u, v, z):
    ray = PINHOLE.ray(u, v)
    (row,), (column,) = (getattr(project((ray * z)[None].astype(np.float32),
                                         RigidTransform.identity(), PINHOLE, (640, 240)), name)
                         for name in ('row', 'column'))
    assert abs(row - v) <= 0.501 and abs(column - u) <= 0.501


def test_points_behind_outside_and_too_near_are_ignored():
    xyz = np.array([[0, 0, 5], [0, 0, -5], [50, 0, 5], [0, -50, 5], [0, 0, 0.2]], np.float32)
    seen = project(xyz, RigidTransform.identity(), PINHOLE, (640, 240))
    assert seen.index.tolist() == [0]


def points_at(rows, columns):
    rows, columns = (np.array(a, np.int32) for a in (rows, columns))
    return ProjectedPoints(np.arange(len(rows)), np.zeros((len(rows), 3), np.float32), rows,
                           columns)


def test_masks_are_eroded_but_not_at_the_edge_of_the_image():
    mask = np.zeros((20, 30), np.uint16)
    mask[5:15, 0:10] = 26000
    mask[5:15, 10:20] = 26001
    found = InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask)
    rows = [10, 10, 10, 10, 10, 6, 10, 2]
    columns = [0, 7, 8, 11, 12, 5, 25, 5]
    inside = points_in_masks(found, points_at(rows, columns), 2)
    assert inside.point.tolist() == [0, 1, 4] and inside.owner.tolist() == [0, 0, 1]
    everything = points_in_masks(found, points_at(rows, columns), 0)
    assert everything.counts(2).tolist() == [4, 2]


@pytest.mark.parametrize('near, far, expected', (
    (50, 30, 'near'), (30, 50, 'near'), (10, 50, 'far')))
def test_the_mode_of_the_foreground(near, far, expected):
    depths = np.concatenate([np.linspace(9, 11, near), np.linspace(29, 33, far)])
    marked = in_foreground(depths, np.zeros(len(depths), int), 1)
    assert marked.tolist() == [(d < 20) == (expected == 'near') for d in depths]


def test_instances_are_told_apart():
    depths = np.array([5.0, 5.1, 5.2, 50.0, 50.5, 51.0])
    owner = np.array([0, 0, 0, 2, 2, 2])
    assert in_foreground(depths, owner, 3).all()
    assert in_foreground(np.zeros(0), np.zeros(0, int), 0).tolist() == []
