# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instances from true boxes and true classes alone: the upper bound of a box detector."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..core.labels import INSTANCE_FACTOR
from .prediction import Prediction, Window, boxes_of


def smallest_box(ids: np.ndarray) -> list[Prediction]:
    """Give each pixel of an instance to the smallest true box of its class that contains it.

    Args:
        ids: integer (H, W), label id * 1000 + number for instances.

    Returns:
        A prediction for each box, with score 1.
    """
    result = []
    for label_id, windows in _boxes_by_class(ids):
        for k, window in enumerate(windows):
            part = _of_class(ids[window], label_id)
            for smaller in windows[k + 1:]:
                part[_relative(smaller, window)] = False
            result.append(Prediction.in_window(label_id, 1., ids.shape, window, part))
    return result


def everything_inside(ids: np.ndarray) -> list[Prediction]:
    """Give to each true box all instance pixels of its class in it; they may overlap. Score 1."""
    return [Prediction.in_window(label_id, 1., ids.shape, window, _of_class(ids[window], label_id))
            for label_id, windows in _boxes_by_class(ids) for window in windows]


def _boxes_by_class(ids: np.ndarray) -> Iterator[tuple[int, list[Window]]]:
    """Yield label id and the boxes of its instances, largest first."""
    boxes = dict(boxes_of(np.where(ids >= INSTANCE_FACTOR, ids, 0)))
    for label_id in sorted({value // INSTANCE_FACTOR for value in boxes}):
        windows = [box for value, box in boxes.items() if value // INSTANCE_FACTOR == label_id]
        windows.sort(key=lambda w: (w[0].start - w[0].stop) * (w[1].stop - w[1].start))
        yield label_id, windows


def _of_class(ids: np.ndarray, label_id: int) -> np.ndarray:
    return ids // INSTANCE_FACTOR == label_id


def _relative(window: Window, outer: Window) -> Window:
    """Return the part of a window inside another one, in coordinates of the latter."""
    rows, columns = (slice(max(0, a.start - b.start), max(0, a.stop - b.start))
                     for a, b in zip(window, outer, strict=True))
    return rows, columns
