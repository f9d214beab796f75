# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which points of a cloud belong to which instance: eroded masks, then the mode of the depths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...core.instances import InstanceMap
from .projection import ProjectedPoints

_BINS = 256
_NEAREST_M = 0.5
_BIN_RATIO = 1.025
"""Depth bins grow with the distance, as the gaps between the points on one object do."""
_BACK_SHARE = 0.5
"""A nearer group of depths is the object itself where it has this share of the largest group."""


@dataclass(frozen=True)
class ObjectPoints:
    """The points of all instances of a frame, P points of I instances.

    Attributes:
        point: place of each among the projected points, int64 (P,).
        owner: index of its instance in the list of instances, int64 (P,).
    """

    point: np.ndarray
    owner: np.ndarray

    def chosen(self, keep: np.ndarray) -> ObjectPoints:
        """Return those that a bool array (P,) marks."""
        return ObjectPoints(self.point[keep], self.owner[keep])

    def counts(self, instances: int) -> np.ndarray:
        """Count the points of each instance, int64 (I,)."""
        return np.bincount(self.owner, minlength=instances)


def points_in_masks(found: InstanceMap, points: ProjectedPoints, margin: int) -> ObjectPoints:
    """Return the points that fall into the masks, `margin` pixels or more from their edge.

    The masks are eroded where the points are only: all eight pixels at the distance of the margin
    have to be of the same instance. The edge of the image is no edge of a mask.
    """
    mask = found.instance_mask
    values = points.values_of(mask)
    inside = np.flatnonzero(values)
    ids = values[inside]
    if margin > 0:
        keep = _far_from_edge(mask, points.row[inside], points.column[inside], ids, margin)
        inside, ids = inside[keep], ids[keep]
    known = [instance.id for instance in found.instances]
    place = np.zeros(known[-1] + 1 if known else 1, np.int64)
    place[known] = np.arange(len(known))
    return ObjectPoints(inside, place[ids])


def _far_from_edge(mask: np.ndarray, row: np.ndarray, column: np.ndarray, ids: np.ndarray,
                   margin: int) -> np.ndarray:
    """Mark the points with the same id all round, bool (P,)."""
    (height, width), flat = mask.shape, mask.reshape(-1)
    above, below = np.maximum(row - margin, 0), np.minimum(row + margin, height - 1)
    left, right = np.maximum(column - margin, 0), np.minimum(column + margin, width - 1)
    middle, above, below = row * width, above * width, below * width
    round_about = np.stack([above + left, above + column, above + right, middle + left,
                            middle + right, below + left, below + column, below + right])
    return (flat.take(round_about) == ids).all(0)


def in_foreground(depths: np.ndarray, owner: np.ndarray, instances: int) -> np.ndarray:
    """Mark the points of the foreground mode of each instance's depths, bool (P,).

    A histogram of bins that grow by 2.5 % is cut where two or more bins in a row are empty. The
    mode is the largest of the groups, or a nearer one with at least half as many points: what
    lies behind an object shows through its windows and round its edge, and can be dense.

    Args:
        depths: metres, positive, (P,).
        owner: instance of each point, below `instances`, int (P,).
        instances: I.
    """
    bins = np.log(np.maximum(depths, _NEAREST_M) / _NEAREST_M) / math.log(_BIN_RATIO)
    key = owner * _BINS + np.minimum(bins.astype(np.int64), _BINS - 3)
    first, group = _groups(key, instances * _BINS)
    sizes, owners = np.bincount(group, minlength=len(first)), first // _BINS      # (G,)
    largest = np.zeros(instances, np.int64)
    np.maximum.at(largest, owners, sizes)
    large = np.flatnonzero(sizes >= _BACK_SHARE * largest[owners])[::-1]
    mode = np.zeros(instances, np.int64)
    mode[owners[large]] = large             # of several the last, which is the nearest
    return group == mode[owner]


def _groups(key: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first bin of each run of filled bins, and the run of each point.

    One empty bin does not end a run. The last two bins of every instance are empty, so no run
    continues in the next instance.
    """
    filled = np.zeros(bins, bool)
    filled[key] = True
    begins = filled.copy()
    begins[1:] &= ~filled[:-1]
    begins[2:] &= ~filled[:-2]
    return np.flatnonzero(begins), (np.cumsum(begins) - 1)[key]
