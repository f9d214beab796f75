# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rates of events, and the limit of a rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.monitoring.rates import Rate, RateLimit


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@given(st.floats(0.5, 100))
def test_rate_is_that_of_regular_events_and_fades(hz):
    clock = Clock()
    rate = Rate(window_s=5.0, clock=clock)
    assert rate.hz() == 0
    for _ in range(int(10 * hz) + 2):
        clock.now += 1 / hz
        rate.tick()
    assert rate.hz() == pytest.approx(hz, rel=1e-6)
    clock.now += 6
    assert rate.hz() == 0


def test_two_events_are_enough_and_the_edge_of_the_window_counts():
    clock = Clock()
    rate = Rate(window_s=5.0, clock=clock)
    rate.tick()
    clock.now += 5
    rate.tick()
    assert rate.hz() == 0.2
    clock.now += 0.5
    assert rate.hz() == 0


@given(st.floats(1, 60), st.floats(1, 60), st.integers(0, 2**32 - 1))
def test_the_limit_lets_through_what_it_should(source_hz, max_hz, seed):
    clock = Clock()
    limit, rng, passed = RateLimit(clock), np.random.default_rng(seed), []
    start, frames = clock.now, 400
    for n in range(frames):
        clock.now = start + (n + rng.uniform(-0.02, 0.02)) / source_hz
        if limit.allows(max_hz):
            passed.append(clock.now)
    seconds = frames / source_hz
    assert len(passed) <= seconds * max_hz * 1.02 + 2
    if source_hz <= max_hz:
        assert len(passed) == frames        # jitter alone drops nothing
    else:
        assert len(passed) >= min(frames / np.ceil(source_hz / max_hz), seconds * max_hz) * 0.9
    assert all(limit.allows(0) for _ in range(3))


def test_a_changed_limit_counts_at_once():
    clock = Clock()
    limit, passed = RateLimit(clock), []
    assert not all([limit.allows(0.01) for _ in range(3)])
    for _ in range(60):
        clock.now += 1 / 30
        passed.append(limit.allows(30))
    assert all(passed)


@pytest.mark.parametrize('pause', [0.0, 1.5, 1.95, 50.0])
def test_one_frame_passes_after_a_gap(pause):
    """What the gap has left unused is not made up for, whatever its length in periods."""
    clock = Clock()
    limit, passed = RateLimit(clock), []
    assert limit.allows(1.0)
    clock.now += pause
    for _ in range(10):
        clock.now += 1 / 30
        passed.append(limit.allows(1.0))
    assert sum(passed) == (pause > 0)


@given(st.lists(st.floats(0, 3), min_size=2, max_size=200))
def test_no_two_frames_pass_within_less_than_half_a_period(pauses):
    clock = Clock()
    limit, passed = RateLimit(clock), []
    for pause in pauses:
        clock.now += pause
        if limit.allows(1.0):
            passed.append(clock.now)
    assert np.diff(passed).min(initial=1) > 0.449
    for first in passed:
        assert sum(first <= time < first + 5 for time in passed) <= 6


def test_two_of_three_frames_pass_at_two_thirds_of_the_rate():
    clock = Clock()
    limit, passed = RateLimit(clock), 0
    for _ in range(300):
        passed += limit.allows(20.0)
        clock.now += 1 / 30
    assert passed == 200
