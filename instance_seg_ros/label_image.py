# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the network's grid to the image: one small label image becomes masks and records.

Nearest-neighbour scaling copies whole grid cells, so every box and area in the image follows
from the grid and from how often each of its rows and columns is copied; no pixel of the large
image has to be counted.
"""

from dataclasses import dataclass

import numpy as np


def copies(source: int, target: int) -> np.ndarray:
    """Return for each of `target` pixels the source pixel at its centre, int64 (target,)."""
    return (2 * np.arange(target, dtype=np.int64) + 1) * source // (2 * target)


def to_image_size(grid: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a uint8 or uint16 label image to (width, height) by the nearest pixel."""
    if grid.shape[::-1] == tuple(size):
        return grid
    columns, rows = (copies(s, t) for s, t in zip(grid.shape[::-1], size, strict=True))
    # Columns first, while the image is small; then whole rows are copied. (OpenCV's exact
    # nearest mode rounds in fixed point and would disagree with `geometry` by single pixels.)
    return grid.take(columns, 1).take(rows, 0)


@dataclass(frozen=True)
class Geometry:
    """Boxes (M, 4: x0, y0, x1, y1, half open) and areas (M,) of regions in the image, int64."""

    boxes: np.ndarray
    areas: np.ndarray


def geometry(number: np.ndarray, count: int, size: tuple[int, int]) -> Geometry:
    """Measure regions 1 to `count` of a grid as they will be in an image of (width, height).

    A region of which no cell survives a reduction has area 0.
    """
    columns, rows = (copies(s, t) for s, t in zip(number.shape[::-1], size, strict=True))
    rows_per_cell = np.bincount(rows, minlength=number.shape[0])
    columns_per_cell = np.bincount(columns, minlength=number.shape[1])
    y, x = np.nonzero(number)
    region = number[y, x].astype(np.int64) - 1
    weight = rows_per_cell[y] * columns_per_cell[x]
    areas = np.bincount(region, weight, minlength=count).astype(np.int64)
    shown = weight > 0
    boxes = _extents(region[shown], x[shown], y[shown], count)
    boxes[:, 0::2] = _to_target(boxes[:, 0::2], columns)
    boxes[:, 1::2] = _to_target(boxes[:, 1::2], rows)
    return Geometry(boxes, areas)


def _extents(region, x, y, count) -> np.ndarray:
    """Return x0, y0, x1, y1 (half open) of each region in cells; zeros where there is none."""
    boxes = np.zeros((count, 4), np.int64)
    order = np.argsort(region, kind='stable')
    region, x, y = region[order], x[order], y[order]
    present, start = np.unique(region, return_index=True)
    if len(present):
        boxes[present, 0] = np.minimum.reduceat(x, start)
        boxes[present, 1] = np.minimum.reduceat(y, start)
        boxes[present, 2] = np.maximum.reduceat(x, start) + 1
        boxes[present, 3] = np.maximum.reduceat(y, start) + 1
    return boxes


def _to_target(edges: np.ndarray, source_of_target: np.ndarray) -> np.ndarray:
    """Map cell edges to pixel edges: the first pixel whose cell is not before the edge."""
    return np.searchsorted(source_of_target, edges)
