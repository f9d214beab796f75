# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The latest clouds of a lidar, and the one that belongs to an image."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from ...core.stamps import stamp_ns

_LONGEST = 10


class CloudBuffer:
    """
    A bounded queue of PointCloud2 messages; filled and read by different threads.

    Clouds are paired with images by the nearest stamp when the image has been segmented. A
    synchroniser that waits for both would delay the image, and stop it where the lidar is silent.
    """

    def __init__(self, size: int = _LONGEST) -> None:
        self._lock = threading.Lock()
        self._messages: deque[Any] = deque(maxlen=size)

    def add(self, message: Any) -> None:
        """Store a cloud; the oldest one is removed when the buffer is full."""
        with self._lock:
            self._messages.append(message)

    def clear(self) -> None:
        """Remove all clouds."""
        with self._lock:
            self._messages.clear()

    def nearest(self, header: Any) -> tuple[Any, float] | None:
        """Return the cloud whose stamp is closest to a header's, and how far it is in seconds."""
        def distance_ns(message: Any) -> int:
            return abs(stamp_ns(message.header) - stamp_ns(header))

        with self._lock:
            nearest = min(self._messages, key=distance_ns, default=None)
        return None if nearest is None else (nearest, distance_ns(nearest) / 1e9)
