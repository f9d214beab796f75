# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Score of an instance, from the outputs of network and clustering and from its shape.

The paper gives every instance the same confidence. Here a logistic regression, fitted after
training (`training.calibration`) and kept in the checkpoint, estimates the probability that the
mask covers a true object with an intersection over union above one half. A checkpoint without it
uses a formula.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..core.errors import UserError
from .clusters import ClusterArrays

FEATURES = ('evidence', 'spread', 'margin', 'size', 'filling', 'outline', 'width', 'odd_width')
"""Names of the columns of `features`, in order; learned seeds have one more, their quality."""


def feature_names(method: str) -> tuple[str, ...]:
    """Return the names of the columns of `features` for a clustering method, in order."""
    return (*FEATURES, 'quality') if method == 'learned_seeds' else FEATURES


class Confidence:
    """Scores clusters by class.

    Args:
        weights: class name -> one number per feature and the intercept; '' applies to every class
            that is not named. Without any weights, `formula` is used.
        names: of the channels.
        method: of the clustering.

    Raises:
        UserError: when weights are missing or of another number.
    """

    def __init__(self, weights: Mapping[str, Sequence[float]], names: Sequence[str],
                 method: str = 'mean_shift'):
        """Arrange the weights by channel."""
        count = len(feature_names(method))
        wrong = [name for name, row in weights.items() if len(row) != count + 1]
        if wrong or (weights and '' not in weights):
            raise UserError(f'The confidence of a checkpoint needs {count + 1} numbers '
                            f'for each class and for ""; see {wrong}. Calibrate it again.')
        self._rows = np.array([weights.get(name, weights.get('')) for name in names],
                              np.float64) if weights else None

    def __call__(self, clusters: ClusterArrays) -> np.ndarray:
        """Return a score from 0 to 1 for each cluster, float32 (M,)."""
        if self._rows is None:
            return formula(clusters)
        rows = self._rows[clusters.class_index]
        logits = (features(clusters) * rows[:, :-1]).sum(1) + rows[:, -1]
        return (1 / (1 + np.exp(-logits.clip(-30, 30)))).astype(np.float32)


def formula(clusters: ClusterArrays) -> np.ndarray:
    """Return a score without any fit, float32 (M,).

    The mean class probability, lowered where the embeddings are loose (spread) or the next
    cluster is close (margin): a blob of a wrongly recognised class has a sure class and no shape
    in embedding space. With learned seeds: the class probability times the mean seed quality.
    """
    if clusters.quality is not None:
        return (clusters.probability * clusters.quality).clip(0, 1).astype(np.float32)
    tightness = 1 - clusters.spread / 2
    apart = np.sqrt(np.minimum(clusters.margin / 2, 1))
    return (clusters.probability * tightness * apart).clip(0, 1).astype(np.float32)


def features(clusters: ClusterArrays) -> np.ndarray:
    """Return the features of each cluster.

    Returns:
        float64 (M, F), with the columns: evidence (logit of the class probability); spread and
        margin in bandwidths; size (logarithm of the share of the image); filling (share of its
        box); outline (length of its edge over that of a square of its area); width (logarithm of
        width over height in the image) and its square; quality (logit of the mean seed quality),
        where there are seeds.
    """
    boxes = clusters.boxes
    width, height = (boxes[:, 2:] - boxes[:, :2]).clip(1).T
    area, shape = np.maximum(clusters.area, 1).astype(np.float64), np.log(width / height)
    share = area / clusters.label_image.size
    quality = [] if clusters.quality is None else [_logit(clusters.quality)]
    return np.stack([
        _logit(clusters.probability), clusters.spread, clusters.margin, np.log(share),
        clusters.image_area / (width * height), clusters.sides / (4 * np.sqrt(area)),
        shape, shape ** 2, *quality], 1)


def _logit(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 1e-3, 1 - 1e-3).astype(np.float64)
    return np.log(share / (1 - share))
