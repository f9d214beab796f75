# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of the latest frames of several cameras."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Generic, TypeVar

FrameT = TypeVar('FrameT')


class FrameBatcher(Generic[FrameT]):
    """Keeps the latest frame of each camera and hands them out as batches, ordered by camera.

    A batch leaves when every camera that is expected has a frame, or ``batch_timeout_s`` after
    its first one. Expected are the cameras of the batch before: one that stops publishing delays
    one batch, not every batch.

    Args:
        batch_timeout_s: seconds.
        expected: names of the cameras of the first batch.
    """

    def __init__(self, batch_timeout_s: float = 0.02, expected: Iterable[str] = ()) -> None:
        self.batch_timeout_s = batch_timeout_s
        self._frames: dict[str, FrameT] = {}
        self._expected = set(expected)
        self._first_at = 0.0
        self._changed = threading.Condition()
        self._closed = False

    def put(self, camera: str, frame: FrameT) -> FrameT | None:
        """Store a camera's frame; return the one it supersedes, or itself once closed."""
        with self._changed:
            if self._closed:
                return frame
            if not self._frames:
                self._first_at = time.monotonic()
            superseded = self._frames.pop(camera, None)
            self._frames[camera] = frame
            self._changed.notify()
            return superseded

    def take(self) -> list[FrameT] | None:
        """Wait for a batch and return its frames; None once closed."""
        with self._changed:
            while not self._closed:
                if self._frames:
                    left = self._first_at + self.batch_timeout_s - time.monotonic()
                    if left <= 0 or self._expected <= self._frames.keys():
                        return self._hand_out()
                    self._changed.wait(left)
                else:
                    self._changed.wait()
            return None

    def close(self) -> list[FrameT]:
        """Accept no more frames; return those that were still waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._hand_out()

    def _hand_out(self) -> list[FrameT]:
        frames, self._frames = self._frames, {}
        self._expected = set(frames)
        # Not in the order of arrival: that varies, and with it shapes and rounding of the batch.
        return [frames[camera] for camera in sorted(frames)]
