# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Times of consecutive stages, on the host or on a CUDA device."""

import time

import torch


class HostClock:
    """Times between marks, in ms, of work that is done when its call returns."""

    def start(self) -> None:
        """Begin the first stage."""
        self._marks = [time.perf_counter()]

    def mark(self) -> None:
        """Begin the next stage."""
        self._marks.append(time.perf_counter())

    def stop(self) -> list[float]:
        """End the last stage; return the duration of each."""
        self.mark()
        return [1e3 * (b - a) for a, b in zip(self._marks, self._marks[1:], strict=False)]


class DeviceClock:
    """Times between marks on the device's own time line, on the current stream.

    The host waits for the last mark without spinning: an event without `blocking` would keep a
    core of the vehicle busy for the duration of each frame.
    """

    def __init__(self, stages: int, blocking: bool = True):
        """Create the events that are used again for each frame."""
        self._events = [torch.cuda.Event(enable_timing=True, blocking=blocking)
                        for _ in range(stages + 1)]

    def start(self) -> None:
        """Begin the first stage."""
        self._next = iter(self._events)
        self.mark()

    def mark(self) -> None:
        """Begin the next stage."""
        next(self._next).record()

    def stop(self) -> list[float]:
        """End the last stage, wait for the device, return the duration of each stage."""
        self.mark()
        self._events[-1].synchronize()   # the only one of a frame
        return [a.elapsed_time(b) for a, b in zip(self._events, self._events[1:], strict=False)]
