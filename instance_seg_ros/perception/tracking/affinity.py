# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Affinity of the instances of two images: masks, boxes, positions, embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.instances import InstanceMap
from ...core.labels import INSTANCE_FACTOR


@dataclass(frozen=True)
class Detections:
    """The M instances of one image, prepared for association."""

    kinds: np.ndarray
    """Label ids, (M,)."""
    boxes: np.ndarray
    """x0, y0, x1, y1 in pixels, float (M, 4)."""
    grid: np.ndarray
    """1 + place of the instance in each cell of the coarse grid, 0 for none: uint16 (H + 1, 2 W),
    the grid in the lower left. Cells that are shifted out of it land on the rest, which is 0."""
    cells: list
    """Flat indices into `grid` of the cells of each instance, int64 (P,)."""
    size: np.ndarray
    """Width and height of the image."""
    embeddings: np.ndarray | None
    """In bandwidths, (M, D), where there are any."""


def rasterise(found: InstanceMap, step: int) -> Detections:
    """Rasterise an image's instances to a grid with a cell per `step` x `step` pixels."""
    count = len(found.instances)
    ids = np.array([i.id for i in found.instances], np.uint16)
    small = found.instance_mask[step // 2::step, step // 2::step]
    if small.shape[0] * small.shape[1] == 0:
        small = found.instance_mask[::step, ::step]
    place = np.zeros(1 << 16, np.uint16)
    place[ids] = np.arange(1, count + 1)
    height, width = small.shape
    grid = np.zeros((height + 1, 2 * width), np.uint16)
    grid[1:, :width] = place.take(small)
    cells = np.flatnonzero(grid != 0)
    owner = grid.ravel().take(cells)
    cells = cells[np.argsort(owner, kind='stable')]     # of 16 bits: a radix sort
    ends = np.cumsum(np.bincount(owner, minlength=count + 1)).tolist()
    boxes = np.array([i.box for i in found.instances], float).reshape(count, 4)
    return Detections(ids.astype(np.int64) // INSTANCE_FACTOR, boxes, grid,
                [cells[a:b] for a, b in zip(ends, ends[1:], strict=False)],
                np.array(found.instance_mask.shape[::-1]), _embeddings(found))


def _embeddings(found: InstanceMap) -> np.ndarray | None:
    embeddings = [i.embedding for i in found.instances if i.embedding is not None]
    complete = len(embeddings) == len(found.instances)
    return np.stack(embeddings) if embeddings and complete else None


def mask_overlap(cells: list, shift: np.ndarray, seen: Detections) -> np.ndarray:
    """Return the intersection over union of shifted cells and instances.

    Args:
        cells: of each of T tracks, as in `Detections`.
        shift: columns and rows to shift each, int (T, 2).
        seen: M instances.

    Returns:
        (T, M).
    """
    tracks, count, (height, width) = len(cells), len(seen.cells), seen.grid.shape
    sizes = np.array([len(c) for c in cells])
    # A cell never moves farther than the empty columns between two rows are wide.
    columns, rows = shift.T.clip([[-width // 2], [-height]], [[width // 2], [height]])
    moved = np.concatenate(cells) + np.repeat(rows * width + columns, sizes)
    place = seen.grid.ravel().take(moved, mode='clip')
    joint = np.bincount(np.repeat(np.arange(tracks) * (count + 1), sizes) + place,
                        minlength=tracks * (count + 1))
    common = joint.reshape(tracks, count + 1)[:, 1:]
    union = sizes[:, None] + np.array([len(c) for c in seen.cells]) - common
    return common / np.maximum(union, 1)


def box_affinity(a: np.ndarray, b: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return the affinity of boxes: overlap plus nearness.

    Args:
        a: boxes.
        b: boxes to compare each of `a` with.
        hidden: bool (len(a), 1); such an `a` also matches a small `b` inside it.

    Returns:
        (len(a), len(b)), 0 to 2.
    """
    common, area = _common(a, b), _area(b)
    overlap = common / (_area(a)[:, None] + area - common)
    return overlap + _nearness(a, b, np.where(hidden, common / area, 0))


def _nearness(a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return 1 for boxes of equal size and position, falling with distance and size ratio.

    Distances are in diagonals: a small fast object may have left its previous box altogether.

    Args:
        a: float (A, 4), boxes.
        b: float (B, 4), boxes.
        inside: lower bound of the size similarity.
    """
    (x_a, y_a), (x_b, y_b) = ((x[:, :2] + x[:, 2:]).T for x in (a, b))     # twice the centres
    size_a, size_b = (np.hypot(x[:, 2] - x[:, 0], x[:, 3] - x[:, 1]) for x in (a, b))
    squared = (x_a[:, None] - x_b) ** 2 + (y_a[:, None] - y_b) ** 2
    ratio = size_a[:, None] / size_b
    likeness = np.maximum(np.minimum(ratio, 1 / ratio), inside)
    return np.exp(-squared / (size_a[:, None] + size_b) ** 2) * likeness


def _common(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    width, height = (np.minimum(a[:, None, k + 2], b[:, k + 2])
                     - np.maximum(a[:, None, k], b[:, k]) for k in (0, 1))
    return np.maximum(width, 0) * np.maximum(height, 0)


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def embedding_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distance of each of `a` to each of `b` in embedding space, (len(a), len(b))."""
    squared = (a ** 2).sum(1)[:, None] + (b ** 2).sum(1) - 2 * (a @ b.T)
    return np.sqrt(squared.clip(0))
