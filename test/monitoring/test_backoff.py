# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Exponential back-off: pauses double up to a minute, and begin anew after a quiet minute."""

from instance_seg_ros.monitoring.backoff import Backoff


def test_pauses_double_up_to_a_minute():
    now = [0.0]
    backoff, pauses = Backoff(lambda: now[0]), []
    for _ in range(9):
        pauses.append(backoff.next_pause_s(1.0))
        now[0] += pauses[-1]
        backoff.attempt_ended()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    now[0] += 60
    assert backoff.next_pause_s(1.0) == 60      # it has failed again soon
    now[0] += 61
    assert backoff.next_pause_s(1.0) == 1
