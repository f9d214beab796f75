# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Masks in the forms of COCO's `segmentation`: polygons, or runs (RLE)."""
from __future__ import annotations

from typing import Any

import numpy as np

from .polygons import fill_polygons, polygon_area, polygon_problem
from .rle import decode_rle, rle_area

Segmentation = Any
"""A list of polygons [x0, y0, x1, y1, ...] in pixels, or {'size': [h, w], 'counts': ...}."""


def mask_problem(segmentation: Segmentation, width: int, height: int) -> str | None:
    """Describe what is wrong with a mask in an image of this size; None if it is valid."""
    if not segmentation:
        return 'no mask'
    try:
        if isinstance(segmentation, dict):
            if list(map(int, segmentation['size'])) != [height, width]:
                return (f'RLE of size {segmentation["size"]} (height, width) for an image of '
                        f'{width} x {height}')
            return None if rle_area(segmentation) else 'a mask of zero area'
        found = (polygon_problem(points, width, height) for points in polygons(segmentation))
        return next((problem for problem in found if problem), None)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return f'a mask that is neither polygons nor RLE ({error!r})'


def mask_area(segmentation: Segmentation) -> float:
    """Return the area of a mask in pixels; of polygons, the sum of theirs."""
    if isinstance(segmentation, dict):
        return rle_area(segmentation)
    return sum(polygon_area(points) for points in polygons(segmentation))


def mask_pixels(segmentation: Segmentation, shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels of a mask, bool (H, W) = `shape`."""
    if isinstance(segmentation, dict):
        return decode_rle(segmentation)
    return fill_polygons(polygons(segmentation), shape)


def polygons(segmentation: list) -> list[np.ndarray]:
    """Return polygons as float (N, 2) of x, y."""
    flat = [segmentation] if not isinstance(segmentation[0], (list, tuple)) else segmentation
    return [np.asarray(points, float).reshape(-1, 2) for points in flat]
