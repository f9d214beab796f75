# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Removal of small components: a few distant pixels would stretch the box of an instance.

The paper clusters embeddings without regard to position; its authors' code opens masks
morphologically, which removes parts of thin objects. Here whole connected components are removed,
and only those that are small compared with the largest: an object divided by a pole keeps both
halves.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHARE = 0.2
"""A component stays that has at least this share of the pixels of its region's largest one."""


def remove_small_components(label_image: np.ndarray, areas: np.ndarray,
                            share: float = SHARE) -> tuple[np.ndarray, np.ndarray]:
    """Clear the small components of the regions 1 to M of a label image.

    Args:
        label_image: integer (H, W). Pixels are connected to their eight neighbours.
        areas: integer (M,), pixels of each region.
        share: components of at least this share of the region's largest one stay.

    Returns:
        Label image and areas, the same objects where there was nothing to clear.
    """
    at = np.flatnonzero(label_image != 0)
    value = label_image.ravel()[at].astype(np.int64)
    first = _run_begins(at, value, label_image.shape[1])
    run = np.cumsum(first) - 1
    touching = _touching(at, run, value, first, label_image.shape)
    components, component_of_run = connected_components(touching, directed=False)
    component = component_of_run[run]
    size, region = np.bincount(component, minlength=components), np.zeros(components, np.int64)
    region[component] = value
    largest = np.zeros(len(areas) + 1, np.int64)
    np.maximum.at(largest, region, size)
    small = (size < share * largest[region])[component]
    if not small.any():
        return label_image, areas
    cleared = label_image.copy()
    cleared.ravel()[at[small]] = 0
    return cleared, areas - np.bincount(value[small] - 1, minlength=len(areas))


def _run_begins(at: np.ndarray, value: np.ndarray, width: int) -> np.ndarray:
    """Return which pixels begin a run of equal neighbours in a row: bool (P,)."""
    begins = np.ones(len(at), bool)
    begins[1:] = (np.diff(at) != 1) | (value[1:] != value[:-1]) | (at[1:] % width == 0)
    return begins


def _touching(at: np.ndarray, run: np.ndarray, value: np.ndarray, first: np.ndarray,
              shape: tuple[int, int]) -> coo_array:
    """Return which runs touch a run of their number in the next row: sparse (R, R)."""
    # Rows get a border, so that neighbours are not sought on the other side of the image.
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
    # Most neighbouring pixels repeat the pair of the one before.
    same[1:] &= (upper[1:] != upper[:-1]) | (lower[1:] != lower[:-1])
    upper, lower = upper[same], lower[same]
    return coo_array((np.ones(len(upper), np.int8), (upper, lower)), shape=2 * value_of_run.shape)
