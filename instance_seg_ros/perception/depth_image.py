# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth images in metres."""

from __future__ import annotations

from typing import Any

import numpy as np

TOLERANCE_S = 0.05
"""Largest difference between the stamps of an image and its depth image."""

_ENCODINGS = {'32FC1': ('f4', 1.0), '16UC1': ('u2', 0.001), 'mono16': ('u2', 0.001)}
"""Encoding: type of a value, and metres of one unit (REP 118)."""


def depth_in_metres(message: Any) -> np.ndarray | None:
    """Decode a depth image (REP 118).

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
    values: np.ndarray = np.ndarray((message.height, message.width), dtype, message.data,
                                    strides=(message.step, dtype.itemsize))
    return values.astype(np.float32) * scale
