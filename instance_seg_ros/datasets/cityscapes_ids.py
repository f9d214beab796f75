# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Names of all of Cityscapes' label ids, those without a training id included."""
from __future__ import annotations

from ..core.labels import LabelSet

VOID = {
    'unlabeled': 0, 'ego vehicle': 1, 'rectification border': 2, 'out of roi': 3, 'static': 4,
    'dynamic': 5, 'ground': 6, 'parking': 9, 'rail track': 10, 'guard rail': 14, 'bridge': 15,
    'tunnel': 16, 'polegroup': 18, 'caravan': 29, 'trailer': 30}
"""Classes that the benchmark ignores."""
NAMES = dict(sorted([(number, name) for name, number in VOID.items()]
                    + [(x.id, x.name) for x in LabelSet.named('cityscapes').labels]))
"""Name by label id."""
