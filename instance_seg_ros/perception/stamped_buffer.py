# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The latest messages of a topic, and the one that belongs to an image."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from ..core.stamps import NANOSECONDS, stamp_ns


class StampedBuffer:
    """A bounded queue of messages with a header; filled and read by different threads.

    Messages are paired with images by the nearest stamp when the image has been segmented. A
    synchroniser that waits for both would delay the image, and stop it while the other sensor is
    silent.

    Args:
        size: most messages; when the buffer is full, the oldest one is removed.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._messages: deque[Any] = deque(maxlen=size)

    def add(self, message: Any) -> None:
        """Store a message."""
        with self._lock:
            self._messages.append(message)

    def clear(self) -> None:
        """Remove all messages."""
        with self._lock:
            self._messages.clear()

    def nearest(self, header: Any) -> tuple[Any, float] | None:
        """Return the message whose stamp is closest to a header's, and the distance in seconds."""
        def distance_ns(message: Any) -> int:
            return abs(stamp_ns(message.header) - stamp_ns(header))

        with self._lock:
            nearest = min(self._messages, key=distance_ns, default=None)
        return None if nearest is None else (nearest, distance_ns(nearest) / NANOSECONDS)
