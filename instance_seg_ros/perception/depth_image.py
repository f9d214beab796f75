# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth images: decoding to metres, and the one that belongs to an image."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np

from ..core.stamps import stamp_ns

_SAME_MOMENT_NS = 50_000_000
_ENCODINGS = {'32FC1': ('f4', 1.0), '16UC1': ('u2', 0.001), 'mono16': ('u2', 0.001)}
"""Encoding: type of a value, and metres of one unit (REP 118)."""


def depth_in_metres(message: Any) -> np.ndarray | None:
    """
    Decode a depth image (REP 118).

    Args:
        message: sensor_msgs/Image, of rclpy or of rosbags: 32FC1 in metres or 16UC1 in
            millimetres.

    Returns:
        float32 (H, W) in metres; None for another encoding or data that is too short.
    """
    if message.encoding not in _ENCODINGS:
        return None
    code, scale = _ENCODINGS[message.encoding]
    dtype = np.dtype(code).newbyteorder('>' if message.is_bigendian else '<')
    if len(message.data) < message.step * message.height or \
            message.step < message.width * dtype.itemsize:
        return None
    values = np.ndarray((message.height, message.width), dtype, message.data,
                        strides=(message.step, dtype.itemsize))
    return values.astype(np.float32) * scale


class DepthBuffer:
    """The latest depth images of a camera; may be filled and read by different threads."""

    def __init__(self, size: int = 5) -> None:
        self._lock = threading.Lock()
        self._messages: deque[Any] = deque(maxlen=size)

    def add(self, message: Any) -> None:
        """Store a sensor_msgs/Image; the oldest one is removed when the buffer is full."""
        with self._lock:
            self._messages.append(message)

    def clear(self) -> None:
        """Remove all images."""
        with self._lock:
            self._messages.clear()

    def nearest(self, header: Any) -> Any | None:
        """Return the image whose stamp is closest to a header's, None beyond 50 ms."""
        def distance_ns(message: Any) -> int:
            return abs(stamp_ns(message.header) - stamp_ns(header))

        with self._lock:
            nearest = min(self._messages, key=distance_ns, default=None)
        return nearest if nearest and distance_ns(nearest) <= _SAME_MOMENT_NS else None
