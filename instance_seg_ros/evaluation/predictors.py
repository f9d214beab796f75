# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The predictions that are compared: the shipped method, and variants that locate its errors."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ..core.instances import Instance, InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..core.resize import resize_labels
from ..datasets.sample import IGNORE
from ..inference.clustering_methods import build_clustering, split_branch
from ..inference.segmenter import InstanceSegmenter
from .boxes import everything_inside, smallest_box
from .frames import TruthFrame
from .prediction import Prediction, boxes_of

MIN_AREA = 32
"""Pixels under which a component is dropped: the segmenter drops smaller instances as well."""

VARIANTS = {
    'embeddings': 'as shipped: predicted classes, mean shift, scores',
    'embeddings, score 1': 'the same with one constant score, as in the paper',
    'embeddings, shuffled': 'the same with random scores',
    'components': 'baseline: connected components of the predicted classes',
    'embeddings, true classes': 'AP_gt: mean shift within the true classes',
    'centres, true classes': "pixels within the bandwidth of the true instances' mean embedding",
    'components, true classes': 'baseline: connected components of the true classes',
    'boxes, smallest': 'true boxes: a pixel of the true class goes to the smallest around it',
    'boxes, all inside': 'true boxes: each takes all pixels of the true class in it',
    'files': 'predictions read from a folder',
}
VARIANTS_OF = {
    'both': tuple(name for name in VARIANTS if name != 'files'),
    'semantic': (),
    'embedding': tuple(name for name in VARIANTS if 'true' in name or 'boxes' in name),
}
"""Variants that the outputs for a task allow."""


@dataclass
class Predictor:
    """Runs a segmenter on frames and turns what comes out into predictions by variant.

    Attributes:
        task: which of the segmenter's outputs a network is behind: `both`, `semantic`,
            `embedding`.
    """

    segmenter: InstanceSegmenter
    seed: int = 0
    task: str = 'both'

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants; without classes those of true ones, without embeddings none."""
        return VARIANTS_OF[self.task]

    @property
    def label_set(self) -> LabelSet:
        """Label set of the segmenter's class masks."""
        return self.segmenter.label_set

    def classes(self, image: np.ndarray) -> np.ndarray:
        """Return the class mask of an image alone: label ids, uint8 (H, W)."""
        return self.segmenter(image).class_mask

    def __call__(self, frame: TruthFrame) -> tuple[InstanceMap | None,
                                                   dict[str, list[Prediction]]]:
        """Return the segmenter's result and the predictions of every variant.

        There is no result of embeddings alone, which have no classes.
        """
        predictions = self._of_true_classes(frame)
        if self.task == 'embedding':
            return None, predictions
        result = self.segmenter(frame.sample.image)
        return result, self._of_predicted_classes(result, frame) | predictions

    def _of_predicted_classes(self, result: InstanceMap,
                              frame: TruthFrame) -> dict[str, list[Prediction]]:
        image = frame.sample.image
        shipped = [_prediction_of(instance, result) for instance in result.instances]
        rng = np.random.default_rng((self.seed, len(shipped), int(image[::8, ::8].sum())))
        random = rng.random(len(shipped))
        return {
            'embeddings': shipped,
            'embeddings, score 1': [p.with_confidence(1.) for p in shipped],
            'embeddings, shuffled': [p.with_confidence(float(s))
                                     for p, s in zip(shipped, random, strict=True)],
            'components': self._components(result.class_mask),
        }

    def _of_true_classes(self, frame: TruthFrame) -> dict[str, list[Prediction]]:
        shape = frame.sample.image.shape
        _, embeddings = self.segmenter.infer([frame.sample.image])
        truth = self._at_network_size(frame)
        return {
            'embeddings, true classes': self._clusters(embeddings, truth, shape),
            'centres, true classes': self._centres(embeddings[0], truth, shape),
            'components, true classes': self._components(
                np.where(frame.ids >= INSTANCE_FACTOR, frame.ids // INSTANCE_FACTOR, 0)),
            'boxes, smallest': smallest_box(frame.ids),
            'boxes, all inside': everything_inside(frame.ids),
        }

    def _at_network_size(self, frame: TruthFrame) -> np.ndarray:
        """Truth as the network sees it: ids of separated instances, int32, 0 elsewhere."""
        ids = resize_labels(frame.ids, self.segmenter.network_size(frame.ids))
        return np.where(ids >= INSTANCE_FACTOR, ids, 0)

    def _channels(self, ids: np.ndarray) -> np.ndarray:
        """Channel of each pixel's class, int64; 255 where there is no instance."""
        table = self.segmenter.label_set.index_by_id
        label = np.minimum(ids // INSTANCE_FACTOR, 255)
        return np.where(ids > 0, table[label], IGNORE).astype(np.int64)

    def _clusters(self, embeddings: Tensor, truth: np.ndarray, shape) -> list[Prediction]:
        channels = torch.from_numpy(self._channels(truth)).to(embeddings.device)
        settings = self.segmenter.settings
        clustering = build_clustering(self.segmenter.checkpoint.method, settings.thing_bandwidths)
        clusters = clustering.cluster_image(embeddings[0], channels, settings.things)
        # The class is given, so only the branch's evidence is left for the score.
        scores = clusters.quality
        if scores is None:
            scores = (1 - clusters.spread / 2) * (clusters.margin / 2).clamp_max(1).sqrt()
        label_ids = self.segmenter.label_set.ids[clusters.class_index.cpu().numpy()]
        label_image = clusters.label_image.cpu().numpy()
        return self._predictions(label_image, label_ids, scores.tolist(), shape)

    def _centres(self, embeddings: Tensor, truth: np.ndarray, shape) -> list[Prediction]:
        """Give each pixel of a class to the nearest true mean within the bandwidth."""
        numbers = np.zeros(truth.shape, np.int32)
        labels: list[int] = []
        for label_id in np.unique(truth[truth > 0] // INSTANCE_FACTOR):
            inside = truth // INSTANCE_FACTOR == label_id
            pixels = embeddings[:, torch.from_numpy(inside).to(embeddings.device)].T.float()
            ids, index = np.unique(truth[inside], return_inverse=True)
            channel = int(self.segmenter.label_set.index_by_id[label_id])
            points, radius = split_branch(self.segmenter.checkpoint.method, pixels)
            radius = radius * self.segmenter.settings.bandwidth.get(channel, 0.)
            index = torch.from_numpy(index.ravel()).to(points.device)
            means, radii = _means(points, index), _means(radius[:, None], index)[:, 0]
            distance, nearest = (torch.cdist(points, means) / radii.clamp_min(1e-9)).min(1)
            near = distance <= 1
            numbers[inside] = torch.where(near, nearest + 1 + len(labels), 0).cpu().numpy()
            labels += [int(label_id)] * len(ids)
        return self._predictions(numbers, labels, [1.] * len(labels), shape)

    @staticmethod
    def _predictions(numbers: np.ndarray, label_ids, scores, shape) -> list[Prediction]:
        large = resize_labels(numbers, (shape[1], shape[0]))
        return [Prediction.in_window(int(label_ids[number - 1]), float(scores[number - 1]),
                                     large.shape, window, large[window] == number)
                for number, window in boxes_of(large)]

    def _components(self, label_ids: np.ndarray) -> list[Prediction]:
        """Return connected components of each countable class in a map of label ids, score 1."""
        result = []
        for channel in self.segmenter.settings.things:
            label_id = int(self.segmenter.label_set.ids[channel])
            mask = (label_ids == label_id).astype(np.uint8)
            if not mask.any():
                continue
            count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask)
            for k in range(1, count):
                x, y, width, height, area = stats[k]
                window = np.s_[y:y + height, x:x + width]
                if area >= MIN_AREA:
                    result.append(Prediction.in_window(label_id, 1., mask.shape, window,
                                                       numbers[window] == k))
        return result


def _prediction_of(instance: Instance, result: InstanceMap) -> Prediction:
    x0, y0, x1, y1 = instance.box
    mask, window = result.instance_mask, np.s_[y0:y1, x0:x1]
    return Prediction.in_window(instance.label_id, instance.score, mask.shape, window,
                                mask[window] == instance.id)


def _means(values: Tensor, index: Tensor) -> Tensor:
    """Return the mean of the rows of each group: (P, D) and (P,) to (M, D)."""
    count = torch.bincount(index)
    total = values.new_zeros(len(count), values.shape[1]).index_add_(0, index, values)
    return total / count.unsqueeze(1)
