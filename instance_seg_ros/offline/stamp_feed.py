# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth images or clouds of a bag, each next to the image of the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from ..bags import Message, images
from ..core.stamps import NANOSECONDS
from ..perception.depth_image import TOLERANCE_S

_LATEST_NS = 500_000_000
"""A depth image may be recorded so long after the image of its moment."""


class StampFeed:
    """Finds the message that belongs to an image.

    Args:
        messages: the depth images, or clouds, in the order of their recording.
        tolerance_ns: largest time between the stamps.
    """

    def __init__(self, messages: Iterator[Message],
                 tolerance_ns: int = round(TOLERANCE_S * NANOSECONDS)) -> None:
        self._messages, self._recent, self._tolerance = messages, deque(), tolerance_ns
        self._next = next(messages, None)

    def nearest(self, image: Message) -> Message | None:
        """Return the message closest to an image, None if too far; images come in order."""
        stamp = images.header_stamp(image.data)
        while self._next and self._next.stamp <= image.stamp + _LATEST_NS:
            self._recent.append((images.header_stamp(self._next.data), self._next))
            self._next = next(self._messages, None)
        while self._recent and self._recent[0][0] < stamp - self._tolerance:
            self._recent.popleft()
        nearest = min(self._recent, key=lambda pair: abs(pair[0] - stamp), default=None)
        return nearest[1] if nearest and abs(nearest[0] - stamp) <= self._tolerance else None
