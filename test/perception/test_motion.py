# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Constant velocity: exact where the motion is, forgotten where time jumps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.perception.motion import MotionFilter

NOISE = np.eye(3) * 0.1 ** 2


def follow(positions, step=0.1, **settings):
    motions = MotionFilter(**settings)
    return [motions(k * step, [(7, p, NOISE)])[7] for k, p in enumerate(positions)]


@given(st.tuples(*[st.floats(-15, 15)] * 3))
def test_a_steady_velocity_is_found(velocity):
    velocity = np.array(velocity)
    last = follow([np.array([10.0, 1, 0]) + velocity * 0.1 * k for k in range(30)])[-1]
    assert last.velocity == pytest.approx(velocity, abs=0.05)
    assert last.position == pytest.approx(np.array([10.0, 1, 0]) + velocity * 2.9, abs=0.02)


def test_without_acceleration_it_is_the_least_squares_line():
    """The filter without process noise and with a weak prior is the regression of all points."""
    rng = np.random.default_rng(3)
    times = np.arange(20) * 0.1
    points = np.stack([5 + 2 * times, -times, 0 * times], 1) + rng.normal(0, 0.1, (20, 3))
    last = follow(points, acceleration=0.0)[-1]
    slope, _ = np.polyfit(times, points, 1)
    assert last.velocity == pytest.approx(slope, abs=0.01)
    spread = 0.1 ** 2 / ((times - times.mean()) ** 2).sum()
    assert last.covariance[3, 3] == pytest.approx(spread, rel=0.02)


def test_errors_are_as_large_as_the_covariance_says():
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(200):
        points = [rng.normal([0.5 * k, 0, 0], 0.1) for k in range(20)]
        last = follow(points, acceleration=0.5)[-1]
        error = last.velocity - [5, 0, 0]
        squares.append(error @ np.linalg.solve(last.covariance[3:, 3:], error))
    assert 0.5 < np.mean(squares) < 3.5     # 3 without process noise, less with it


def test_the_first_measurement_has_no_velocity():
    (first,) = follow([np.zeros(3)])
    assert first.velocity.tolist() == [0, 0, 0] and not first.moves
    assert first.covariance[3, 3] > 100


def test_what_stands_does_not_move_and_what_drives_does():
    rng = np.random.default_rng(1)
    assert not follow([rng.normal(0, 0.05, 3) for _ in range(20)])[-1].moves
    assert follow([[k * 0.5, 0, 0] for k in range(20)])[-1].moves


@pytest.mark.parametrize('stamp', (-1.0, 5.0))
def test_a_jump_back_and_a_long_gap_begin_anew(stamp):
    motions = MotionFilter(max_age=1.0)
    for k in range(5):
        motions(k * 0.1, [(7, np.array([k, 0.0, 0]), NOISE)])
    assert motions(stamp, [(7, np.zeros(3), NOISE)])[7].updates == 1


def test_a_gap_within_the_age_is_bridged():
    motions = MotionFilter(max_age=1.0)
    for k in range(10):
        motions(k * 0.1, [(7, np.array([k * 1.0, 0, 0]), NOISE)])
    assert motions(1.3, []) == {}
    again = motions(1.5, [(7, np.array([15.0, 0, 0]), NOISE)])[7]
    assert again.updates == 11 and again.velocity[0] == pytest.approx(10, abs=0.5)


def test_a_leap_begins_anew():
    motions = MotionFilter()
    for k in range(10):
        motions(k * 0.1, [(7, np.zeros(3), NOISE)])
    assert motions(1.0, [(7, np.array([30.0, 0, 0]), NOISE)])[7].updates == 1


def test_negative_settings_are_refused():
    with pytest.raises(ValueError, match='negative'):
        MotionFilter(max_age=-1)
