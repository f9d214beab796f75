# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image messages decoded: by the package's own table, by cv_bridge for all other encodings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.image_codec import ImageError
from ..messages.images import decode_image


def decode_any_image(message: Any) -> np.ndarray:
    """Decode a sensor_msgs/Image or CompressedImage.

    Encodings that `core.image_codec` does not know (32FC1, 16SC1, ...) are converted by
    cv_bridge where it is installed; single channels of more than 8 bit are scaled from the
    minimum to the maximum of the image.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        ImageError: when it cannot be decoded.
    """
    try:
        return decode_image(message)
    except ImageError as error:
        if error.kind != 'unknown_encoding' or hasattr(message, 'format'):
            raise
        return _by_cv_bridge(message, error)


def _by_cv_bridge(message: Any, unknown: ImageError) -> np.ndarray:
    try:
        from cv_bridge import CvBridge, cvtColorForDisplay
    except ImportError as error:
        raise ImageError(unknown.kind, f'{unknown}; install the ROS package cv_bridge to convert '
                         'other encodings') from error
    try:
        image = CvBridge().imgmsg_to_cv2(message, 'passthrough')
        scaled = image.ndim == 2 and image.dtype != np.uint8
        return cvtColorForDisplay(image, message.encoding, 'rgb8', scaled)
    except (RuntimeError, TypeError, ValueError) as error:      # CvBridgeError is a TypeError
        raise ImageError(unknown.kind, f'cv_bridge cannot convert encoding {message.encoding!r} '
                         f'to rgb8: {error}') from error
