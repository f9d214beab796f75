# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Panoptic quality: Kirillov et al., "Panoptic Segmentation" (2019), by torchmetrics."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..core.instances import InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet

_UNASSIGNED, _VOID = 66, 67
"""Category of predicted pixels that belong to no segment, and of truth that does not count."""


class PanopticScorer:
    """Collects frames, then scores them all; groups and void in the truth do not count."""

    def __init__(self, label_set: LabelSet) -> None:
        """Score all classes of `label_set`."""
        from torchmetrics.detection import PanopticQuality
        self._label_set = label_set
        things = {x.id for x in label_set.labels if x.has_instances}
        self._things = np.array(sorted(things))
        # torchmetrics forgives what is predicted as void, which the paper does not: pixels of
        # no segment are a class of their own instead, whose score is left out.
        self._metric = PanopticQuality(
            things, {x.id for x in label_set.labels} - things | {_UNASSIGNED},
            allow_unknown_preds_category=False)

    def add(self, ids: np.ndarray, found: InstanceMap) -> None:
        """Add a frame.

        Args:
            ids: integer (H, W), label id * 1000 + number for instances, the bare label id for
                stuff, 0 for void.
            found: what a network made of it.
        """
        truth = _pair(np.where(ids >= INSTANCE_FACTOR, ids // INSTANCE_FACTOR, ids), ids)
        group = np.isin(ids, self._things) | ~np.isin(truth[..., 0], self._label_set.ids)
        truth[group] = _VOID, 0
        predicted = _pair(np.where(found.instance_mask > 0, found.instance_mask // INSTANCE_FACTOR,
                                   found.class_mask), found.instance_mask)
        loose = (found.instance_mask == 0) & np.isin(found.class_mask, self._things)
        predicted[loose | (predicted[..., 0] == 0)] = _UNASSIGNED, 0
        self._metric.update(torch.from_numpy(predicted)[None], torch.from_numpy(truth)[None])

    def scores(self) -> dict[str, Any]:
        """Return PQ, SQ and RQ from 0 to 1: of all classes shown, things, stuff, by class."""
        place = self._metric.cat_id_to_continuous_id
        classes = {}
        for label in self._label_set.labels:
            k = place[label.id]
            iou, hits, extra, missed = (float(getattr(self._metric, name)[k]) for name in (
                'iou_sum', 'true_positives', 'false_positives', 'false_negatives'))
            count = hits + (extra + missed) / 2
            if count:
                classes[label.name] = {'PQ': iou / count, 'SQ': iou / hits if hits else 0.,
                                       'RQ': hits / count}
        things = {x.name for x in self._label_set.labels if x.has_instances}
        return {'all': _mean(classes.values()), 'classes': classes,
                'things': _mean(v for k, v in classes.items() if k in things),
                'stuff': _mean(v for k, v in classes.items() if k not in things)}


def _pair(categories: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return int64 (H, W, 2): category and number of the instance."""
    numbers = np.where(ids >= INSTANCE_FACTOR, ids % INSTANCE_FACTOR + 1, 0)
    return np.stack([categories, numbers], -1).astype(np.int64)


def _mean(scores) -> dict[str, float]:
    rows = list(scores)
    return {key: float(np.mean([row[key] for row in rows])) for key in ('PQ', 'SQ', 'RQ')
            } if rows else {}
