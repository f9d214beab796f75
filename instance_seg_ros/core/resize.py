# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Resizing of images and label images, aligned with each other pixel by pixel.

Both are scaled about the centres of pixels. OpenCV's INTER_NEAREST is not: it takes the corner of
each target pixel, so resized labels are shifted by up to half a pixel against their image, a
network learns shifted masks, and a mask resized down and up again is not where it was.
"""

import cv2
import numpy as np


def nearest_source_index(source: int, target: int) -> np.ndarray:
    """Return for each of `target` pixels the source pixel at its centre, int64 (target,)."""
    return (2 * np.arange(target, dtype=np.int64) + 1) * source // (2 * target)


def resize_labels(grid: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a label image (H, W) of any dtype to (width, height) by the nearest pixel."""
    if grid.shape[::-1] == tuple(size):
        return grid
    columns, rows = (nearest_source_index(s, t)
                     for s, t in zip(grid.shape[::-1], size, strict=True))
    # Columns first, while the image is small; then whole rows are copied. (OpenCV's exact
    # nearest mode rounds in fixed point and would disagree with `mask_geometry` by single pixels.)
    return grid.take(columns, 1).take(rows, 0)


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize uint8 (H, W, C) to (width, height): area averages when reducing, else bilinear."""
    if image.shape[1::-1] == tuple(size):
        return image
    reducing = image.shape[1] > size[0] and image.shape[0] > size[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if reducing else cv2.INTER_LINEAR)
