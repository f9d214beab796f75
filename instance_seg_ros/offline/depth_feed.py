# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The depth images of a bag, each next to the image that was taken at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from ..bags import Message, images

_SAME_MOMENT_NS = 50_000_000
_LATEST_NS = 500_000_000
"""A depth image may be recorded so long after the image of its moment."""


class DepthFeed:
    """
    Finds the depth image of an image.

    Args:
        messages: the depth images in the order of their recording.
    """

    def __init__(self, messages: Iterator[Message]) -> None:
        self._messages, self._recent = messages, deque()
        self._next = next(messages, None)

    def nearest(self, image: Message) -> Message | None:
        """Return the depth image closest to an image, None beyond 50 ms; images come in order."""
        stamp = images.header_stamp(image.data)
        while self._next and self._next.stamp <= image.stamp + _LATEST_NS:
            self._recent.append((images.header_stamp(self._next.data), self._next))
            self._next = next(self._messages, None)
        while self._recent and self._recent[0][0] < stamp - _SAME_MOMENT_NS:
            self._recent.popleft()
        nearest = min(self._recent, key=lambda pair: abs(pair[0] - stamp), default=None)
        return nearest[1] if nearest and abs(nearest[0] - stamp) <= _SAME_MOMENT_NS else None
