# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and label images to another size, lying on each other pixel by pixel.

Both are scaled about the centres of pixels. OpenCV's INTER_NEAREST is not: it takes the corner of
each target pixel, so labels scaled by it lie up to half a pixel beside their picture, a network
learns masks that are shifted by as much, and a mask that goes down and up again is not where it
was.
"""

import cv2
import numpy as np


def copies(source: int, target: int) -> np.ndarray:
    """Return for each of `target` pixels the source pixel at its centre, int64 (target,)."""
    return (2 * np.arange(target, dtype=np.int64) + 1) * source // (2 * target)


def scale_labels(grid: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a label image (H, W) of any dtype to (width, height) by the nearest pixel."""
    if grid.shape[::-1] == tuple(size):
        return grid
    columns, rows = (copies(s, t) for s, t in zip(grid.shape[::-1], size, strict=True))
    # Columns first, while the image is small; then whole rows are copied. (OpenCV's exact
    # nearest mode rounds in fixed point and would disagree with `geometry` by single pixels.)
    return grid.take(columns, 1).take(rows, 0)


def scale_picture(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale uint8 (H, W, C) to (width, height): averaging areas when reducing, else bilinear."""
    if image.shape[1::-1] == tuple(size):
        return image
    reducing = image.shape[1] > size[0] and image.shape[0] > size[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if reducing else cv2.INTER_LINEAR)
