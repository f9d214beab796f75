# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Labels that stand for a set of classes: one of them is true, which is unknown.

Coarse data sets merge classes that Cityscapes separates. Such a label excludes all other classes;
the loss is the cross-entropy of the set's summed probability (`training.losses`).
"""
from __future__ import annotations

import numpy as np

from ..core.errors import UserError
from ..core.labels import LabelSet

FIRST_CODE = 200
"""Value of the first set in class maps; single classes have smaller values, void has 255."""
CLASS_SETS = {
    'ground': ('sidewalk', 'terrain'),
    'living': ('person', 'rider'),
    'vehicle': ('car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'),
    'roadside object': ('wall', 'fence', 'pole', 'traffic light', 'traffic sign'),
    'far object': ('building', 'vegetation'),
    'masonry': ('building', 'wall'),
    'plants': ('vegetation', 'terrain'),
    'sign or light': ('traffic sign', 'traffic light'),
    'motor vehicle': ('car', 'truck', 'bus'),
    'cyclist': ('rider', 'bicycle', 'motorcycle'),
}
"""Name -> classes of the label set `cityscapes`."""


def code_of(name: str) -> int:
    """Return the value of a set in class maps; UserError for an unknown one."""
    if name not in CLASS_SETS:
        raise UserError(f'Unknown class set {name!r}; available: {", ".join(CLASS_SETS)}.')
    return FIRST_CODE + list(CLASS_SETS).index(name)


def set_members(label_set: LabelSet) -> np.ndarray:
    """Return which channels each set has, bool (S, K); S is 0 for other label sets."""
    names = label_set.names
    if label_set.name != 'cityscapes':
        return np.zeros((0, len(names)), bool)
    return np.array([[name in members for name in names] for members in CLASS_SETS.values()])
