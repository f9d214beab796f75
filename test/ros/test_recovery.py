# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Attempts after an error, each after a longer pause."""

import pytest

pytest.importorskip('rclpy')

from instance_seg_ros.monitoring.backoff import Backoff  # noqa: E402
from instance_seg_ros.ros.recovery import Recovery  # noqa: E402

pytestmark = pytest.mark.ros


class Node:
    """Keeps timers instead of waiting for them."""

    def __init__(self):
        self.timers = []

    def create_timer(self, seconds, callback, clock):
        self.timers.append((seconds, callback))
        return self.timers[-1]

    def destroy_timer(self, timer):
        self.timers.remove(timer)

    def fire(self):
        self.timers[0][1]()


def test_attempts_until_one_succeeds():
    now, node, answers = [0.0], Node(), [False, False, True]
    recovery = Recovery(node, lambda: answers.pop(0), Backoff(lambda: now[0]))
    assert recovery.schedule(1.0) == 1.0
    pauses = []
    while node.timers:
        assert len(node.timers) == 1
        pauses.append(node.timers[0][0])
        now[0] += pauses[-1]
        node.fire()
    assert pauses == [1, 2, 4] and not answers
    recovery.schedule(1.0)
    recovery.cancel()
    assert not node.timers
