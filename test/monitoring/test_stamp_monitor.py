# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stamps that are zero, in the future or jump back are reported."""

from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.monitoring.stamp_monitor import StampMonitor


@given(st.lists(st.integers(0, 10**12), max_size=30))
def test_every_jump_back_is_noticed(stamps):
    monitor = StampMonitor(lambda: 10**12)
    for stamp in stamps:
        monitor.check(stamp)
    jumps = sum(b < a for a, b in zip(stamps, stamps[1:], strict=False))
    assert monitor.jumps_back == jumps
    problems = ' '.join(monitor.problems())
    assert ('back' in problems) == (jumps > 0) and ('zero' in problems) == (0 in stamps)


def test_the_future_is_noticed_and_problems_are_forgotten():
    now = [0.0]
    monitor = StampMonitor(lambda: 10**9, lambda: now[0])
    monitor.check(10**9 + 50_000_000)
    assert not monitor.problems()
    monitor.check(3 * 10**9)
    assert '2.000 s in the future' in monitor.problems()[0]
    now[0] = 60.0
    assert not monitor.problems()


def test_nothing_is_in_the_future_of_a_clock_that_stands():
    monitor = StampMonitor(lambda: 0)
    monitor.check(3 * 10**9)
    assert not monitor.problems()
