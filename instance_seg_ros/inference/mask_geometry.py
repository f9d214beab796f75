# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Boxes and areas in the image, computed on the small label image of the network's size.

Nearest-neighbour resizing copies whole grid cells, so every box and area in the image follows
from the grid and from how often each of its rows and columns is copied; no pixel of the large
image has to be counted.
"""

from dataclasses import dataclass

import numpy as np

from ..core.resize import nearest_source_index


@dataclass(frozen=True)
class Geometry:
    """Boxes (M, 4: x0, y0, x1, y1, half open) and areas (M,) of regions in the image, int64."""

    boxes: np.ndarray
    areas: np.ndarray


def measure_regions(label_image: np.ndarray, count: int, size: tuple[int, int]) -> Geometry:
    """Measure regions 1 to `count` of a grid as they will be in an image of (width, height).

    A region of which no cell survives a reduction has area 0.
    """
    return geometry_from_profiles(*axis_profiles(label_image, count, size), size)


def copies_per_cell(shape: tuple[int, int],
                    size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each row (H,) and each column (W,) of a grid is copied into an image."""
    columns, rows = (nearest_source_index(s, t) for s, t in zip(shape[::-1], size, strict=True))
    return np.bincount(rows, minlength=shape[0]), np.bincount(columns, minlength=shape[1])


def axis_profiles(label_image: np.ndarray, count: int,
                  size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Project regions 1 to `count` onto the axes, float64 (M, H) and (M, W).

    That is how many image columns each has in each row of the grid, and image rows in each
    column.
    """
    height, width = label_image.shape
    of_row, of_column = copies_per_cell(label_image.shape, size)
    y, x = np.divmod(np.flatnonzero(label_image), width)
    region = label_image[y, x].astype(np.int64) - 1
    rows = np.bincount(region * height + y, of_column[x], count * height)
    columns = np.bincount(region * width + x, of_row[y], count * width)
    return rows.reshape(count, height), columns.reshape(count, width)


def geometry_from_profiles(rows: np.ndarray, columns: np.ndarray,
                           size: tuple[int, int]) -> Geometry:
    """Turn the profiles of regions into their boxes and areas."""
    shape = rows.shape[1], columns.shape[1]
    areas = np.rint(rows @ copies_per_cell(shape, size)[0]).astype(np.int64)
    boxes = np.empty((len(rows), 4), np.int64)
    boxes[:, 0::2] = _extent(columns > 0, size[0])
    boxes[:, 1::2] = _extent(rows > 0, size[1])
    return Geometry(boxes, areas)


def _extent(present: np.ndarray, pixels: int) -> np.ndarray:
    """Return the first pixel of each region along one axis, and the one after its last."""
    present = present[:, nearest_source_index(present.shape[1], pixels)]
    return np.stack([present.argmax(1), pixels - present[:, ::-1].argmax(1)], 1)


def count_boundary_sides(label_image: np.ndarray, count: int) -> np.ndarray:
    """Count the sides of each region's pixels that face another region or the border: (M,)."""
    sides = np.zeros(label_image.shape, np.uint8)
    for labels, counted in ((label_image, sides), (label_image.T, sides.T)):
        differs = labels[1:] != labels[:-1]
        counted[1:] += differs
        counted[:-1] += differs
        counted[0] += 1
        counted[-1] += 1
    inside = label_image > 0
    region = label_image[inside].astype(np.int64) - 1
    return np.bincount(region, sides[inside], count).astype(np.int64)
