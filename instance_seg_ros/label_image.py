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
    y, x = np.divmod(np.flatnonzero(number), number.shape[1])
    region, weight = number[y, x] - 1, rows_per_cell[y] * columns_per_cell[x]
    areas = np.bincount(region, weight, minlength=count).astype(np.int64)
    if not weight.all():   # a reduction skips cells, which then must not widen a box
        y, x, region = y[weight > 0], x[weight > 0], region[weight > 0]
    boxes = np.empty((count, 4), np.int64)
    boxes[:, 0::2] = _extent(region, x, count, columns, number.shape[1])
    boxes[:, 1::2] = _extent(region, y, count, rows, number.shape[0])
    return Geometry(boxes, areas)


def _extent(region, along, count, cell_of_pixel, cells) -> np.ndarray:
    """Return the first pixel of each region along one axis, and the one after its last."""
    present = np.zeros((count, cells), bool)
    present[region, along] = True
    present = present[:, cell_of_pixel]
    return np.stack([present.argmax(1), len(cell_of_pixel) - present[:, ::-1].argmax(1)], 1)
