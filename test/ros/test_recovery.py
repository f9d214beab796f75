# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pauses between tries: they double up to a minute, and begin anew after a quiet while."""

import pytest

pytest.importorskip('rclpy')

from instance_seg_ros.ros import recovery  # noqa: E402

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


def test_pauses_grow_until_a_try_succeeds(monkeypatch):
    now, node, answers = [0.0], Node(), []
    monkeypatch.setattr(recovery.time, 'monotonic', lambda: now[0])
    tries = recovery.Recovery(node, lambda: answers.pop(0))
    assert tries.schedule(1.0) == 1.0 and tries.is_pending
    pauses = []
    for _ in range(8):
        answers.append(False)
        now[0] += node.timers[0][0]
        node.fire()
        assert len(node.timers) == 1
        pauses.append(node.timers[0][0])
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    answers.append(True)
    now[0] += 60
    node.fire()
    assert not tries.is_pending and not node.timers
    now[0] += 60
    assert tries.schedule(1.0) == 60    # it has failed again soon
    answers.append(True)
    now[0] += 60
    node.fire()
    now[0] += 61
    assert tries.schedule(1.0) == 1.0 and len(node.timers) == 1
    tries.cancel()
    assert not tries.is_pending and not node.timers
