# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of header stamps."""

from __future__ import annotations

import time
from collections.abc import Callable

_FUTURE_NS = 100_000_000
_REMEMBERED_S = 10.0


class StampMonitor:
    """Watches one camera's stamps: zero, in the future, or jumping back.

    Args:
        clock_ns: returns the time to compare stamps with in nanoseconds; 0: clock not running.
        monotonic: returns seconds.
    """

    def __init__(self, clock_ns: Callable[[], int],
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock_ns, self._monotonic = clock_ns, monotonic
        self.jumps_back = 0
        self.reset()

    def reset(self) -> None:
        """Clear the state."""
        self._last_ns: int | None = None
        self._seen: dict[str, tuple[float, str]] = {}

    def check(self, stamp_ns: int) -> None:
        """Check the stamp of a new image."""
        now_ns = self._clock_ns()
        if stamp_ns == 0:
            self._note('zero', 'header stamps are zero; the camera driver does not set them')
        elif now_ns and stamp_ns > now_ns + _FUTURE_NS:
            ahead = (stamp_ns - now_ns) / 1e9
            self._note('future', f'header stamps are {ahead:.3f} s in the future; synchronise the '
                       'clocks, or set use_sim_time as the publisher does')
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self.jumps_back += 1
            back = (self._last_ns - stamp_ns) / 1e9
            self._note('back', f'header stamps jumped back by {back:.3f} s; a looping bag, or '
                       'two publishers on one topic')
        self._last_ns = stamp_ns

    def problems(self) -> list[str]:
        """Return a message for each kind of problem of the last ten seconds."""
        start = self._monotonic() - _REMEMBERED_S
        return [sentence for at, sentence in self._seen.values() if at >= start]

    def _note(self, kind: str, sentence: str) -> None:
        self._seen[kind] = (self._monotonic(), sentence)
