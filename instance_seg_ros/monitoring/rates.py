# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frame rates: measurement and limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable


class Rate:
    """Events per second over the last ``window_s`` seconds."""

    def __init__(self, window_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s, self._clock = window_s, clock
        self._times: deque[float] = deque(maxlen=2000)
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Count an event that happens now."""
        with self._lock:
            self._times.append(self._clock())

    def hz(self) -> float:
        """Return the rate in Hz, 0 with fewer than two events in the window."""
        with self._lock:
            start = self._clock() - self._window_s
            while self._times and self._times[0] < start:
                self._times.popleft()
            times = self._times
            span = times[-1] - times[0] if len(times) > 1 else 0.0
            return (len(times) - 1) / span if span > 0 else 0.0


class RateLimit:
    """Lets at most ``max_hz`` events a second through.

    Events are due at regular times and may come a tenth of a period early, so that jitter drops
    none; what a gap leaves unused is not made up for.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._max_hz = clock, 0.0
        self._due = self._last = float('-inf')

    def allows(self, max_hz: float) -> bool:
        """Return whether an event that happens now may pass; 0 Hz: no limit."""
        if max_hz != self._max_hz:      # what was due at the old rate does not bind the new one
            self._max_hz, self._due, self._last = max_hz, float('-inf'), float('-inf')
        if max_hz <= 0:
            return True
        now, period = self._clock(), 1.0 / max_hz
        # Regular events pass at least half a period apart; closer ones come after a gap.
        if now < max(self._due - 0.1 * period, self._last + 0.45 * period):
            return False
        self._due = (now if now - self._due > period else self._due) + period
        self._last = now
        return True
