# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""IoU of classes, also where network and truth name their classes differently."""
from __future__ import annotations

import numpy as np

from ..core.labels import LabelSet
from ..datasets.sample import IGNORE

TO_CAMVID = {
    'road': 'road', 'sidewalk': 'pavement', 'building': 'building', 'wall': 'building',
    'fence': 'fence', 'pole': 'pole', 'traffic light': 'sign', 'traffic sign': 'sign',
    'vegetation': 'tree', 'terrain': 'tree', 'sky': 'sky', 'person': 'pedestrian',
    'rider': 'bicyclist', 'car': 'car', 'truck': 'car', 'bus': 'car', 'train': 'car',
    'motorcycle': 'bicyclist', 'bicycle': 'bicyclist'}
"""The class of CamVid's eleven that a class of Cityscapes counts as."""


def translation(source: LabelSet, target: LabelSet) -> np.ndarray:
    """Table uint8 (256,) from label id in `source` to class index in `target` (255 = none)."""
    table = np.full(256, IGNORE, np.uint8)
    for label in source.labels:
        renamed = source != target and target == LabelSet.named('camvid')
        name = TO_CAMVID.get(label.name) if renamed else label.name
        if name in target.names:
            table[label.id] = target.names.index(name)
    return table


class Confusion:
    """Pixels by true and predicted class."""

    def __init__(self, label_set: LabelSet) -> None:
        """`label_set`: that of the truth."""
        self.label_set = label_set
        # The extra column counts pixels predicted as no class of the set: always wrong.
        self.counts = np.zeros((len(label_set), len(label_set) + 1), np.int64)

    def add(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        """Count a frame; both are class indices (H, W), 255 = ignore / none."""
        known = truth != IGNORE
        width = self.counts.shape[1]
        columns = np.minimum(predicted[known], width - 1).astype(np.int64)
        pairs = truth[known].astype(np.int64) * width + columns
        self.counts += np.bincount(pairs, minlength=self.counts.size).reshape(self.counts.shape)

    def iou(self) -> dict[str, float]:
        """IoU by class name; classes that the truth never shows are left out."""
        square = self.counts[:, :-1]
        hit = square.diagonal()
        union = self.counts.sum(1) + square.sum(0) - hit
        shown = self.counts.sum(1) > 0
        return {name: float(hit[k] / union[k])
                for k, name in enumerate(self.label_set.names) if shown[k]}

    def mean(self) -> float:
        """Mean IoU of the classes that the truth shows."""
        values = list(self.iou().values())
        return sum(values) / len(values) if values else 0.
