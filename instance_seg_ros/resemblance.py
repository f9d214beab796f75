# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How much the instances of one image are like those of another: masks, boxes, places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .instances import InstanceMap
from .labels import INSTANCE_FACTOR


@dataclass(frozen=True)
class Seen:
    """The instances of one image as the assignment sees them (M of them)."""

    kinds: np.ndarray
    """Label ids, (M,)."""
    boxes: np.ndarray
    """x0, y0, x1, y1 in pixels, float (M, 4)."""
    grid: np.ndarray
    """1 + place of the instance in each cell of the coarse grid, 0 for none."""
    cells: list
    """Rows and columns of the cells of each instance, int (2, P)."""
    size: np.ndarray
    """Width and height of the image."""
    embeddings: np.ndarray | None
    """In bandwidths, (M, D), where there are any."""


def look(found: InstanceMap, step: int) -> Seen:
    """Reduce an image's instances to a grid of one cell in `step` x `step` pixels."""
    count = len(found.instances)
    ids = np.array([i.id for i in found.instances], np.uint16)
    small = found.instance_mask[step // 2::step, step // 2::step]
    if small.shape[0] * small.shape[1] == 0:
        small = found.instance_mask[::step, ::step]
    rows, columns = np.nonzero(small)
    place = np.searchsorted(ids, small[rows, columns])
    grid = np.zeros(small.shape, np.int32)
    grid[rows, columns] = place + 1
    order = np.argsort(place, kind='stable')
    ends = np.cumsum(np.bincount(place, minlength=count)).tolist()
    places = np.stack((rows, columns))[:, order]
    cells = [places[:, a:b] for a, b in zip([0, *ends], ends, strict=False)]
    boxes = np.array([i.box for i in found.instances], float).reshape(count, 4)
    return Seen(ids.astype(np.int64) // INSTANCE_FACTOR, boxes, grid, cells,
                np.array(found.instance_mask.shape[::-1]), _embeddings(found))


def _embeddings(found: InstanceMap) -> np.ndarray | None:
    embeddings = [i.embedding for i in found.instances]
    return np.stack(embeddings) if embeddings and embeddings[0] is not None else None


def mask_overlap(cells: list, shift: np.ndarray, seen: Seen) -> np.ndarray:
    """Return intersection over union of moved cells with the instances', (T, M).

    cells: rows and columns of each track; shift: columns and rows to move each, int (T, 2).
    """
    tracks, count = len(cells), len(seen.cells)
    sizes = np.array([c.shape[1] for c in cells])
    owner = np.repeat(np.arange(tracks), sizes)
    rows, columns = np.concatenate(cells, axis=1) + shift[owner, ::-1].T
    inside = (rows >= 0) & (rows < seen.grid.shape[0]) & (columns >= 0)
    inside &= columns < seen.grid.shape[1]
    place = seen.grid[rows[inside], columns[inside]]
    joint = np.bincount(owner[inside] * (count + 1) + place, minlength=tracks * (count + 1))
    common = joint.reshape(tracks, count + 1)[:, 1:]
    union = sizes[:, None] + np.array([c.shape[1] for c in seen.cells]) - common
    return common / np.maximum(union, 1)


def box_likeness(a: np.ndarray, b: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return how alike boxes are, 0 to 2, (len(a), len(b)): their overlap plus their nearness.

    hidden: bool (len(a), 1); such an `a` is like a small `b` inside it, too.
    """
    common, area = _common(a, b), _area(b)
    overlap = common / (_area(a)[:, None] + area - common)
    return overlap + _nearness(a, b, np.where(hidden, common / area, 0))


def _nearness(a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return 1 for boxes of one size at one place, falling with distance and other size.

    Distances count in diagonals: a small fast object may have left its old place altogether.
    inside: likeness of size that is certain at least.
    """
    size_a, size_b = (np.hypot(x[:, 2] - x[:, 0], x[:, 3] - x[:, 1]) for x in (a, b))
    apart = (a[:, None, :2] + a[:, None, 2:] - b[:, :2] - b[:, 2:]) / 2
    ratio = size_a[:, None] / size_b
    distance = 2 * np.hypot(apart[..., 0], apart[..., 1]) / (size_a[:, None] + size_b)
    return np.exp(-distance ** 2) * np.maximum(np.minimum(ratio, 1 / ratio), inside)


def _common(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = (np.minimum(a[:, None, 2:], b[None, :, 2:])
            - np.maximum(a[:, None, :2], b[None, :, :2])).clip(0)
    return size[..., 0] * size[..., 1]


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distance of each of `a` to each of `b` in embedding space, (len(a), len(b))."""
    squared = (a ** 2).sum(1)[:, None] + (b ** 2).sum(1) - 2 * (a @ b.T)
    return np.sqrt(squared.clip(0))
