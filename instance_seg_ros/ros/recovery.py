# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Trying again after an error, with growing pauses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

_LONGEST_PAUSE_S = 60.0
_QUIET_S = 60.0


class Recovery:
    """
    Calls ``attempt`` after a pause, and again after longer ones until it returns True.

    The pause doubles with each try up to a minute; after more than a minute without an error it
    starts from the beginning.
    """

    def __init__(self, node: Node, attempt: Callable[[], bool]) -> None:
        self._node, self._attempt = node, attempt
        self._timer: Any = None
        self._tries = 0
        self._quiet_since = float('-inf')       # the last error, or the end of the last try

    @property
    def is_pending(self) -> bool:
        """Whether a try is going to happen."""
        return self._timer is not None

    def schedule(self, first_pause_s: float) -> float:
        """Try after a pause; return its length in seconds."""
        now = time.monotonic()
        self._tries = self._tries + 1 if now - self._quiet_since <= _QUIET_S else 0
        self._quiet_since = now
        pause_s = min(_LONGEST_PAUSE_S, first_pause_s * 2 ** min(self._tries, 16))
        self.cancel()
        self._timer = self._node.create_timer(
            pause_s, lambda: self._try(first_pause_s),
            clock=Clock(clock_type=ClockType.STEADY_TIME))
        return pause_s

    def cancel(self) -> None:
        """Do not try any more."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None

    def _try(self, first_pause_s: float) -> None:
        self.cancel()
        succeeded = self._attempt()
        self._quiet_since = time.monotonic()
        if not succeeded:
            self.schedule(first_pause_s)
