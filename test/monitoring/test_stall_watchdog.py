# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A pipeline that takes frames and gives none back is noticed in time, and only then."""

import pytest

from instance_seg_ros.monitoring.stall_watchdog import StallWatchdog


@pytest.fixture
def watch():
    """Return a watchdog and its clock, a list of one number."""
    now = [100.]
    return StallWatchdog(10., lambda: now[0]), now


def test_a_pipeline_without_frames_is_not_stalled(watch):
    watchdog, now = watch
    now[0] += 1e6
    assert watchdog.waiting_s == 0 and not watchdog.stalled


def test_frames_that_arrive_and_do_not_leave(watch):
    """The first of them counts, however many follow."""
    watchdog, now = watch
    for _ in range(101):
        watchdog.arrived()
        assert not watchdog.stalled
        now[0] += .1
    assert watchdog.waiting_s == pytest.approx(10.1) and watchdog.stalled


def test_slow_progress_is_progress(watch):
    """One frame in nine seconds is slow, not stalled."""
    watchdog, now = watch
    for _ in range(20):
        watchdog.arrived()
        now[0] += 9
        assert not watchdog.stalled
        watchdog.progressed()
    now[0] += 1e6
    assert not watchdog.stalled


def test_it_recovers_when_the_device_comes_back(watch):
    watchdog, now = watch
    watchdog.arrived()
    now[0] += 60
    assert watchdog.stalled
    watchdog.progressed()
    assert not watchdog.stalled


def test_deactivation_forgets_what_waits(watch):
    watchdog, now = watch
    watchdog.arrived()
    watchdog.reset()
    now[0] += 60
    assert not watchdog.stalled
