# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stray parts of regions: a few pixels far away would stretch a box over all that lies between.

The paper's clusters know no places; its authors' code opens masks morphologically, which costs
thin objects their limbs. Here whole connected parts go, and only those that are small beside the
largest: an object that a pole cuts in two keeps both halves.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHARE = 0.2
"""A part stays that has at least this share of the pixels of its region's largest part."""


def without_fragments(number: np.ndarray, areas: np.ndarray,
                      share: float = SHARE) -> tuple[np.ndarray, np.ndarray]:
    """Clear the small parts of the regions 1 to M of an integer grid (H, W).

    areas: pixels of each region, int (M,). Pixels are connected to their eight neighbours.
    Returns grid and areas, the same objects where there was nothing to clear.
    """
    at = np.flatnonzero(number != 0)
    value = number.ravel()[at].astype(np.int64)
    first = _run_begins(at, value, number.shape[1])
    run = np.cumsum(first) - 1
    touching = _touching(at, run, value, first, number.shape)
    parts, part_of_run = connected_components(touching, directed=False)
    part = part_of_run[run]
    size, region = np.bincount(part, minlength=parts), np.zeros(parts, np.int64)
    region[part] = value
    largest = np.zeros(len(areas) + 1, np.int64)
    np.maximum.at(largest, region, size)
    stray = (size < share * largest[region])[part]
    if not stray.any():
        return number, areas
    cleared = number.copy()
    cleared.ravel()[at[stray]] = 0
    return cleared, areas - np.bincount(value[stray] - 1, minlength=len(areas))


def _run_begins(at: np.ndarray, value: np.ndarray, width: int) -> np.ndarray:
    """Tell which pixels begin a run of equal neighbours in a row: bool (P,)."""
    begins = np.ones(len(at), bool)
    begins[1:] = (np.diff(at) != 1) | (value[1:] != value[:-1]) | (at[1:] % width == 0)
    return begins


def _touching(at: np.ndarray, run: np.ndarray, value: np.ndarray, first: np.ndarray,
              shape: tuple[int, int]) -> coo_array:
    """Return which runs touch a run of their number in the next row: sparse (R, R)."""
    # Rows get a border, so that no neighbour is looked for on the other side of the image.
    height, width = shape[0], shape[1] + 1
    at = at + at // shape[1]
    run_at = np.full((height + 1) * width + 1, -1, np.int32)
    run_at[at] = run
    last = np.roll(first, -1)
    # Within a run the corners below are the neighbours of others; only its ends have their own.
    upper = np.concatenate((run, run[first], run[last]))
    lower = run_at[np.concatenate((at + width, at[first] + width - 1, at[last] + width + 1))]
    value_of_run = value[first]
    same = lower >= 0
    same[same] = value_of_run[lower[same]] == value_of_run[upper[same]]
    # Most neighbouring pixels say what the one before has said.
    same[1:] &= (upper[1:] != upper[:-1]) | (lower[1:] != lower[:-1])
    upper, lower = upper[same], lower[same]
    return coo_array((np.ones(len(upper), np.int8), (upper, lower)), shape=2 * value_of_run.shape)
