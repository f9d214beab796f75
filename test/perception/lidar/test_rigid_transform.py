# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms: compositions, inverses and quaternions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform, quaternion_of

number = st.floats(-1, 1)
transforms = st.builds(
    RigidTransform.from_quaternion, st.tuples(number, number, number),
    st.tuples(number, number, number, number).filter(lambda q: np.linalg.norm(q) > 0.1))
POINTS = np.random.default_rng(0).normal(size=(5, 3))


@given(transforms, transforms)
def test_composition_and_inverse(a, b):
    assert (a @ b).apply(POINTS) == pytest.approx(a.apply(b.apply(POINTS)))
    assert a.inverse().apply(a.apply(POINTS)) == pytest.approx(POINTS)


@given(transforms)
def test_a_quaternion_gives_the_same_rotation(transform):
    quaternion = quaternion_of(transform.rotation)
    again = RigidTransform.from_quaternion(transform.translation, quaternion)
    assert again.rotation == pytest.approx(transform.rotation, abs=1e-9)
    assert quaternion[3] >= 0


def test_a_quarter_turn_about_z():
    turn = RigidTransform.from_quaternion((1, 2, 3), (0, 0, np.sqrt(0.5), np.sqrt(0.5)))
    assert turn.apply(np.array([[1.0, 0, 0]])) == pytest.approx(np.array([[1, 3, 3]]))


def test_matrices_that_are_no_rotation_are_refused():
    assert RigidTransform.from_matrix(np.eye(4)[:3]).translation.tolist() == [0, 0, 0]
    for bad in (np.eye(3), 2 * np.eye(4), np.diag([1, 1, -1, 1]), np.full((3, 4), np.nan)):
        with pytest.raises(ValueError, match='is not a'):
            RigidTransform.from_matrix(bad)
    for bad in ((0, 0, 0, 0), (np.nan, 0, 0, 1)):
        with pytest.raises(ValueError, match='quaternion'):
            RigidTransform.from_quaternion((0, 0, 0), bad)
