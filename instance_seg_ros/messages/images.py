# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image messages: decoding inputs, and masks and overlays as fields."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..core.image_codec import decode_compressed, decode_raw
from .fields import Fields

_ENCODINGS = {(np.dtype(np.uint16), 2): '16UC1', (np.dtype(np.uint8), 2): 'mono8',
              (np.dtype(np.uint8), 3): 'rgb8'}


def image_fields(array: np.ndarray, header: Any) -> Fields:
    """Return a sensor_msgs/Image; its data is the array, not a copy.

    Args:
        array: uint16 (H, W): 16UC1, uint8 (H, W): mono8, uint8 (H, W, 3): rgb8.
        header: std_msgs/Header.
    """
    array = np.ascontiguousarray(array)
    return {'header': header, 'height': array.shape[0], 'width': array.shape[1],
            'encoding': _ENCODINGS[array.dtype, array.ndim],
            'is_bigendian': int(sys.byteorder == 'big'), 'step': array.strides[0], 'data': array}


def decode_image(message: Any) -> np.ndarray:
    """Decode a sensor_msgs/Image or CompressedImage, of rclpy or of rosbags.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        ImageError: when it cannot be decoded.
    """
    if hasattr(message, 'format'):
        return decode_compressed(message.format, message.data)
    return decode_raw(message.encoding, message.height, message.width, message.step,
                      message.data, bool(message.is_bigendian))
