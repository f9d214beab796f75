# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the network's grid to the image: one small label image becomes masks and records.

Nearest-neighbour scaling copies whole grid cells, so every box and area in the image follows
from the grid and from how often each of its rows and columns is copied; no pixel of the large
image has to be counted.
"""

from dataclasses import dataclass

import numpy as np

from ..core.resize import copies


@dataclass(frozen=True)
class Geometry:
    """Boxes (M, 4: x0, y0, x1, y1, half open) and areas (M,) of regions in the image, int64."""

    boxes: np.ndarray
    areas: np.ndarray


def geometry(number: np.ndarray, count: int, size: tuple[int, int]) -> Geometry:
    """Measure regions 1 to `count` of a grid as they will be in an image of (width, height).

    A region of which no cell survives a reduction has area 0.
    """
    return geometry_of(*profiles(number, count, size), size)


def cell_copies(shape: tuple[int, int], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each row (H,) and each column (W,) of a grid is copied into an image."""
    columns, rows = (copies(s, t) for s, t in zip(shape[::-1], size, strict=True))
    return np.bincount(rows, minlength=shape[0]), np.bincount(columns, minlength=shape[1])


def profiles(number: np.ndarray, count: int,
             size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the profiles of regions 1 to `count`, float64 (M, H) and (M, W).

    That is how many image columns each has in each row of the grid, and image rows in each
    column.
    """
    height, width = number.shape
    of_row, of_column = cell_copies(number.shape, size)
    y, x = np.divmod(np.flatnonzero(number), width)
    region = number[y, x].astype(np.int64) - 1
    rows = np.bincount(region * height + y, of_column[x], count * height)
    columns = np.bincount(region * width + x, of_row[y], count * width)
    return rows.reshape(count, height), columns.reshape(count, width)


def geometry_of(rows: np.ndarray, columns: np.ndarray, size: tuple[int, int]) -> Geometry:
    """Turn the profiles of regions into their boxes and areas."""
    shape = rows.shape[1], columns.shape[1]
    areas = np.rint(rows @ cell_copies(shape, size)[0]).astype(np.int64)
    boxes = np.empty((len(rows), 4), np.int64)
    boxes[:, 0::2] = _extent(columns > 0, size[0])
    boxes[:, 1::2] = _extent(rows > 0, size[1])
    return Geometry(boxes, areas)


def _extent(present: np.ndarray, pixels: int) -> np.ndarray:
    """Return the first pixel of each region along one axis, and the one after its last."""
    present = present[:, copies(present.shape[1], pixels)]
    return np.stack([present.argmax(1), pixels - present[:, ::-1].argmax(1)], 1)


def edges(number: np.ndarray, count: int) -> np.ndarray:
    """Count the sides of each region's pixels that face another region or the border: (M,)."""
    padded = np.pad(number, 1, constant_values=-1)
    sides = np.zeros(number.shape, np.int64)
    for y, x in ((0, 1), (2, 1), (1, 0), (1, 2)):
        sides += padded[y:y + number.shape[0], x:x + number.shape[1]] != number
    inside = number > 0
    return np.bincount(number[inside].astype(np.int64) - 1, sides[inside], count).astype(np.int64)
