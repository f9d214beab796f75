# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instances from true boxes and true classes alone: the upper bound of a box detector."""
from __future__ import annotations

import numpy as np

from ..core.labels import INSTANCE_FACTOR
from .official import Prediction


def smallest_box(ids: np.ndarray) -> list[Prediction]:
    """Give each pixel of an instance to the smallest true box of its class that contains it.

    ids: integer (H, W), label id * 1000 + number for instances. Score 1 for all.
    """
    result = []
    for label_id, inside, windows in _by_class(ids):
        owner = np.zeros(ids.shape, np.int32)
        for number, window in enumerate(windows, 1):   # the largest first
            owner[window] = number
        owner[~inside] = 0
        result += [Prediction(label_id, 1., owner == k) for k in range(1, len(windows) + 1)]
    return result


def everything_inside(ids: np.ndarray) -> list[Prediction]:
    """Give to each true box all instance pixels of its class in it; they may overlap. Score 1."""
    result = []
    for label_id, inside, windows in _by_class(ids):
        for window in windows:
            mask = np.zeros(ids.shape, bool)
            mask[window] = inside[window]
            result.append(Prediction(label_id, 1., mask))
    return result


def _by_class(ids: np.ndarray):
    """Yield label id, pixels of its instances, bool (H, W), and their boxes, largest first."""
    values = np.unique(ids[ids >= INSTANCE_FACTOR])
    for label_id in np.unique(values // INSTANCE_FACTOR).tolist():
        windows = [_box(ids == v) for v in values[values // INSTANCE_FACTOR == label_id]]
        windows.sort(key=lambda w: (w[0].start - w[0].stop) * (w[1].stop - w[1].start))
        yield label_id, ids // INSTANCE_FACTOR == label_id, windows


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
