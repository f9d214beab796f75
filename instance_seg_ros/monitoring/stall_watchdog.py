# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Detects a hanging device: frames enter the pipeline and none come out."""

import time
from collections.abc import Callable


class StallWatchdog:
    """Measures how long frames have been waiting without progress.

    Any thread may call any method: the pipeline's thread, which is the one that hangs, reports
    only progress; arrivals and checks come from others.

    Args:
        limit_s: a pipeline is stalled when it makes no progress for longer than this while
            frames wait.
        clock: returns seconds, monotonic.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without a frame."""
        self.limit_s, self._clock = limit_s, clock
        self._waiting_since: float | None = None

    def arrived(self) -> None:
        """Note that a frame waits for the pipeline."""
        if self._waiting_since is None:
            self._waiting_since = self._clock()

    def progressed(self) -> None:
        """Note that the pipeline has finished a frame, whether well or with an error."""
        self._waiting_since = None

    def reset(self) -> None:
        """Forget frames that will not be processed, as after deactivation."""
        self._waiting_since = None

    @property
    def waiting_s(self) -> float:
        """Seconds since the first frame arrived after which there was no progress; 0 if none."""
        since = self._waiting_since      # one read: another thread may write it
        return 0. if since is None else self._clock() - since

    @property
    def stalled(self) -> bool:
        """Whether frames have been waiting for longer than the limit."""
        return self.waiting_s > self.limit_s
