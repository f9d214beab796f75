# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instances from true boxes and true classes alone: the upper bound of a box detector."""
from __future__ import annotations

import numpy as np

from ..core.labels import INSTANCE_FACTOR
from .prediction import Prediction, boxes_of


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
        result += [Prediction.in_window(label_id, 1., ids.shape, window, owner[window] == k)
                   for k, window in enumerate(windows, 1)]
    return result


def everything_inside(ids: np.ndarray) -> list[Prediction]:
    """Give to each true box all instance pixels of its class in it; they may overlap. Score 1."""
    result = []
    for label_id, inside, windows in _by_class(ids):
        for window in windows:
            result.append(Prediction.in_window(label_id, 1., ids.shape, window, inside[window]))
    return result


def _by_class(ids: np.ndarray):
    """Yield label id, pixels of its instances, bool (H, W), and their boxes, largest first."""
    boxes = dict(boxes_of(np.where(ids >= INSTANCE_FACTOR, ids, 0)))
    for label_id in sorted({value // INSTANCE_FACTOR for value in boxes}):
        windows = [box for value, box in boxes.items() if value // INSTANCE_FACTOR == label_id]
        windows.sort(key=lambda w: (w[0].start - w[0].stop) * (w[1].stop - w[1].start))
        yield label_id, ids // INSTANCE_FACTOR == label_id, windows
