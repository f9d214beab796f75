# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Exponential back-off."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONGEST_PAUSE_S = 60.0
_QUIET_S = 60.0


class Backoff:
    """Pauses between attempts: each is twice as long as the one before, up to a minute.

    After more than a minute without an error the first pause applies again.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._failures = clock, 0
        self._quiet_since = float('-inf')       # the last error, or the end of the last attempt

    def next_pause_s(self, first_pause_s: float) -> float:
        """Return the seconds to wait after an error that happens now."""
        now = self._clock()
        self._failures = self._failures + 1 if now - self._quiet_since <= _QUIET_S else 0
        self._quiet_since = now
        return min(_LONGEST_PAUSE_S, first_pause_s * 2 ** min(self._failures, 16))

    def attempt_ended(self) -> None:
        """Note that an attempt ends now, whatever its result."""
        self._quiet_since = self._clock()
