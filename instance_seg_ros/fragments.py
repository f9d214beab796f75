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
    at = np.flatnonzero(number)
    value = number.ravel()[at].astype(np.int64)
    run = _runs(at, value, number.shape[1])
    parts, part_of_run = connected_components(_touching(number, at, run), directed=False)
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


def _runs(at: np.ndarray, value: np.ndarray, width: int) -> np.ndarray:
    """Return which run of equal neighbours in a row each pixel is in, 0, 1, ... (P,)."""
    begins = (np.diff(at) != 1) | (value[1:] != value[:-1]) | (at[1:] % width == 0)
    return np.concatenate((np.zeros(min(1, len(at)), np.int64), np.cumsum(begins)))


def _touching(number: np.ndarray, at: np.ndarray, run: np.ndarray) -> coo_array:
    """Return which runs touch a run of their number in the next row: sparse (R, R)."""
    # Rows get a border, so that no neighbour is looked for on the other side of the image.
    width = number.shape[1] + 1
    at = at + at // number.shape[1]
    run_at = np.full((number.shape[0] + 1) * width + 1, -1)
    number_at = np.zeros(len(run_at), number.dtype)
    run_at[at], number_at[at] = run, number[number != 0]
    upper, lower = [], []
    for below in (at + width - 1, at + width, at + width + 1):
        same = number_at[below] == number_at[at]
        upper.append(run[same])
        lower.append(run_at[below[same]])
    upper, lower = np.concatenate(upper), np.concatenate(lower)
    # Most neighbouring pixels say what the one before has said.
    new = np.ones(len(upper), bool)
    new[1:] = (upper[1:] != upper[:-1]) | (lower[1:] != lower[:-1])
    upper, lower = upper[new], lower[new]
    runs = int(run[-1]) + 1 if len(run) else 0
    return coo_array((np.ones(len(upper), np.int8), (upper, lower)), shape=(runs, runs))
