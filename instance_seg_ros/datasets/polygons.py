# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Masks from polygons: filled, checked against the image they lie in."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TOLERANCE = 2.0
"""Pixels by which a polygon may leave its image: tools round, and scale."""


def polygon_area(points: np.ndarray) -> float:
    """Return the area of a polygon, float (N, 2), by the shoelace formula."""
    x, y = points.T
    # Not np.roll, which takes most of the time where a data set is indexed.
    inner = np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])
    return float(abs(inner + x[-1] * y[0] - x[0] * y[-1]) / 2)


def polygon_problem(points: np.ndarray, width: float, height: float,
                    tolerance: float = TOLERANCE) -> str | None:
    """Describe what is wrong with a polygon, float (N, 2) in pixels; None if it is valid."""
    if len(points) < 3:
        return f'a polygon of {len(points)} points'
    if not np.isfinite(points).all():
        return 'a polygon with coordinates that are not numbers'
    low, high = points.min(0), points.max(0)
    if (low < -tolerance).any() or (high > np.array([width, height]) + tolerance).any():
        return (f'a polygon from {low[0]:g}, {low[1]:g} to {high[0]:g}, {high[1]:g} outside the '
                f'image of {width:g} x {height:g}')
    return None if polygon_area(points) > 0 else 'a polygon of zero area'


def fill_polygons(polygons: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels whose centres lie in any of the polygons, bool (H, W).

    Coordinates are those of COCO: pixel (column, row) covers [column, column + 1). OpenCV's
    fillPoly takes the border as well, which makes every object a pixel larger.
    """
    mask = np.zeros(shape, bool)
    for points in polygons:
        _fill(mask, np.asarray(points, np.float64))
    return mask


def _fill(mask: np.ndarray, points: np.ndarray) -> None:
    """Fill one polygon, float (N, 2), by the even-odd rule."""
    height, width = mask.shape
    (x0, y0), (x1, y1) = points.T, np.roll(points, -1, 0).T
    # Rows whose centre line an edge crosses.
    first = np.clip(np.ceil(np.minimum(y0, y1) - .5), 0, height).astype(int)
    last = np.clip(np.ceil(np.maximum(y0, y1) - .5), 0, height).astype(int)
    count = last - first
    edge = np.repeat(np.arange(len(points)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    x = x0[edge] + (row + .5 - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
    column = np.clip(np.ceil(x - .5), 0, width).astype(int)
    if not row.size:
        return
    top, bottom = row.min(), row.max() + 1
    crossings = np.zeros((bottom - top, width + 1), np.int32)
    np.add.at(crossings, (row - top, column), 1)
    mask[top:bottom] |= np.cumsum(crossings, 1)[:, :-1] % 2 == 1
