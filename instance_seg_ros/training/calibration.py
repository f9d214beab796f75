# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fits the confidence of a checkpoint: how likely an instance is to be right."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..core.resize import resize_labels
from ..datasets.class_sets import FIRST_CODE, set_members
from ..datasets.sample import IGNORE, Sample
from ..inference.clusters import ClusterArrays
from ..inference.confidence import features
from ..inference.segmenter import InstanceSegmenter

ENOUGH = 20
"""Right and wrong clusters that a fit needs, and clusters of a class for its own intercept."""
ENOUGH_FOR_WEIGHTS = 60
"""Right and wrong clusters of a class for weights of its own: several for each feature."""


@dataclass(frozen=True)
class Judged:
    """Clusters whose worth is known.

    Attributes:
        channel: int (N,).
        features: (N, F).
        right: bool (N,), IoU with a true object over 0.5.
    """

    channel: np.ndarray
    features: np.ndarray
    right: np.ndarray


def judge(segmenter: InstanceSegmenter, samples: Iterable[Sample]) -> Judged:
    """Segment labelled images and judge each cluster as right or wrong.

    Clusters mostly in regions without separate instance annotations are left out.
    """
    parts = [_judge(segmenter.find([sample.image])[0], sample, segmenter.label_set)
             for sample in samples]
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def fit(judged: Judged, names: tuple[str, ...]) -> dict[str, list[float]]:
    """Return the weights that `Confidence` takes, by class name; names are the channels'.

    Raises UserError where too few clusters are right or wrong to learn anything from.
    """
    if not _enough(judged.right):
        raise UserError(f'{judged.right.sum()} of {len(judged.right)} clusters are right; at '
                        f'least {ENOUGH} must be right and {ENOUGH} wrong. Take more images, '
                        'or train longer.')
    weights = {'': _logistic(judged.features, judged.right)}
    for channel in np.unique(judged.channel):
        own = judged.channel == channel
        rows, right = judged.features[own], judged.right[own]
        if _enough(right, ENOUGH_FOR_WEIGHTS):
            weights[names[channel]] = _logistic(rows, right)
        elif len(right) >= ENOUGH:
            weights[names[channel]] = _with_own_intercept(weights[''], rows, right)
    return weights


def _enough(right: np.ndarray, least: int = ENOUGH) -> bool:
    return min(right.sum(), (~right).sum()) >= least


def _logistic(rows: np.ndarray, right: np.ndarray) -> list[float]:
    """Fit on standardised features; return weights for the plain ones and the intercept."""
    from sklearn.linear_model import LogisticRegression
    mean, deviation = rows.mean(0), rows.std(0) + 1e-6
    model = LogisticRegression(max_iter=1000).fit((rows - mean) / deviation, right)
    slopes = model.coef_[0] / deviation
    return [*slopes.tolist(), float(model.intercept_[0] - slopes @ mean)]


def _with_own_intercept(weights: list[float], rows: np.ndarray, right: np.ndarray) -> list[float]:
    """Return the weights with the intercept at which the mean score is the share of right ones.

    One more right and one more wrong cluster are counted (rule of succession), because none right
    of twenty does not mean that none will ever be.
    """
    logits, share = rows @ weights[:-1], (right.sum() + 1) / (len(right) + 2)
    low, high = -30 - logits.max(), 30 - logits.min()
    return [*weights[:-1], float(brentq(lambda shift: expit(logits + shift).mean() - share,
                                        low, high))]


def _judge(clusters: ClusterArrays, sample: Sample, label_set: LabelSet):
    rows, size = features(clusters), clusters.label_image.shape[::-1]
    classes, instances = resize_labels(sample.classes, size), resize_labels(sample.instances, size)
    right, doubtful = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for k, channel in enumerate(clusters.class_index):
        mask = clusters.label_image == k + 1
        right[k] = _best_iou(mask, instances, int(label_set.ids[channel])) > .5
        unknown = (classes == channel) & (instances == 0)
        unknown |= _may_be(classes, int(channel), label_set)
        doubtful[k] = not right[k] and unknown[mask].mean() > .5
    return clusters.class_index[~doubtful], rows[~doubtful], right[~doubtful]


def _may_be(classes: np.ndarray, channel: int, label_set: LabelSet) -> np.ndarray:
    """Return the void pixels and those labelled with a set that the class is in: bool (H, W)."""
    table = np.zeros(256, bool)
    table[IGNORE] = True
    members = set_members(label_set)[:, channel]
    table[FIRST_CODE:FIRST_CODE + len(members)] = members
    return table[classes]


def _best_iou(mask: np.ndarray, instances: np.ndarray, label_id: int) -> float:
    values, common = np.unique(instances[mask], return_counts=True)
    same = values // INSTANCE_FACTOR == label_id
    if not same.any():
        return 0.
    value, shared = max(zip(values[same], common[same], strict=True), key=lambda pair: pair[1])
    return shared / (np.count_nonzero(mask) + np.count_nonzero(instances == value) - shared)
