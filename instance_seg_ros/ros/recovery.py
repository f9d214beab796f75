# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Retries after an error, with exponential back-off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from ..monitoring.backoff import Backoff


class Recovery:
    """Calls ``attempt`` after a pause, and again after longer ones until it returns True.

    Args:
        node: its timers run the attempts.
        attempt: returns whether it succeeded.
        backoff: the pauses.
    """

    def __init__(self, node: Node, attempt: Callable[[], bool],
                 backoff: Backoff | None = None) -> None:
        self._node, self._attempt, self._backoff = node, attempt, backoff or Backoff()
        self._timer: Any = None

    def schedule(self, first_pause_s: float) -> float:
        """Schedule an attempt; return the seconds until then."""
        pause_s = self._backoff.next_pause_s(first_pause_s)
        self.cancel()
        self._timer = self._node.create_timer(
            pause_s, lambda: self._try(first_pause_s),
            clock=Clock(clock_type=ClockType.STEADY_TIME))
        return pause_s

    def cancel(self) -> None:
        """Cancel the scheduled attempt, if there is one."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None

    def _try(self, first_pause_s: float) -> None:
        self.cancel()
        succeeded = self._attempt()
        self._backoff.attempt_ended()
        if not succeeded:
            self.schedule(first_pause_s)
