# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""People on bicycles and motorcycles, cut out with what they ride: two objects, one image."""
from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ..core.labels import LabelSet
from .cutouts import Cutout, cut, is_lit
from .sample import Sample

VEHICLES = ('bicycle', 'motorcycle')
MIN_AREA = 200
MAX_ASPECT, MIN_FILL = 1.6, .3
"""Width over height, and share of the box that is covered: several riders are wide and sparse."""
MIN_PART = .12
"""Share of the pixels that the rider, and what is ridden, must have at least."""
MIN_RISE = .2
"""How much higher the rider's middle is than the vehicle's, over the height of both."""


def collect_riders(sample: Sample, label_set: LabelSet) -> list[Cutout]:
    """Cut out the riders of a sample that stand alone, each with one vehicle.

    The cut-outs are called `rider`; their `parts` separate the rider's pixels from the vehicle's.
    """
    names = [name for name in ('rider', *VEHICLES) if name in label_set.names]
    if names[:1] != ['rider']:
        return []
    indices = [label_set.names.index(name) for name in names]
    mask = np.isin(sample.classes, indices).astype(np.uint8)
    found = (_cut(sample, component, indices) for component in _alone(mask))
    return [cutout for cutout in found if cutout and is_lit(cutout)]


def _alone(mask: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the components, bool (H, W), whose outline one rider can have."""
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    height, width = mask.shape
    for number in range(1, count):
        x, y, w, h, area = stats[number]
        inside = x > 0 and y > 0 and x + w < width and y + h < height
        if inside and area >= MIN_AREA and w <= MAX_ASPECT * h and area >= MIN_FILL * w * h:
            yield numbers == number


def _cut(sample: Sample, component: np.ndarray, indices: list[int]) -> Cutout | None:
    """Cut out a rider on the vehicle that covers most; None where it does not look like that."""
    if np.count_nonzero(np.unique(sample.instances[component])) > 2:
        return None
    ridden = max(indices[1:], key=lambda k: np.count_nonzero(sample.classes[component] == k))
    vehicle = component & (sample.classes == ridden)
    above = component & ~vehicle    # labels of other vehicles are mistakes: one rides one
    area, height = np.count_nonzero(component), np.ptp(np.nonzero(component)[0])
    if min(np.count_nonzero(above), np.count_nonzero(vehicle)) < MIN_PART * area:
        return None
    if _row(vehicle) - _row(above) < MIN_RISE * height:
        return None
    return cut(sample, component, 'rider',
               parts=np.where(vehicle, np.uint8(ridden), np.uint8(indices[0])))


def _row(mask: np.ndarray) -> float:
    return float(np.nonzero(mask)[0].mean())
