# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Quick scores and images while training; the real scores come from `instance_seg evaluate`."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ..core.labels import LabelSet
from ..datasets.sample import IGNORE, Sample
from ..inference.clustering_methods import build_clustering
from .validation_images import validation_image


@dataclass
class Matches:
    """Instances found at IoU over 0.5, predicted and true ones."""

    hits: int = 0
    predicted: int = 0
    true: int = 0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / max(1, self.predicted + self.true)

    def add(self, numbers: np.ndarray, truth: np.ndarray, unsure: np.ndarray) -> None:
        """Count one class of one image.

        Args:
            numbers: int (H, W), 0 = none.
            truth: the same for the true instances.
            unsure: bool (H, W), the class's pixels without separate instances: predictions mostly
                there do not count.
        """
        true, found = _consecutive(truth), _consecutive(numbers)
        # Pixels without separate instances are ignored: a column of their own, the last.
        last = true.max() + 1
        column = np.where(unsure.ravel() & (true == 0), last, true)
        table = np.bincount(found * (last + 1) + column, minlength=(found.max() + 1) * (last + 1))
        table = table.reshape(-1, last + 1)
        common = table[1:, 1:last]
        union = (table[1:, :last].sum(1)[:, None] + table[:, 1:last].sum(0)) - common
        hits = (common > .5 * union).any(1)
        doubtful = table[1:, last] > .5 * table[1:].sum(1)
        self.true += last - 1
        self.hits += int(hits.sum())
        self.predicted += int((hits | ~doubtful).sum())


def _consecutive(numbers: np.ndarray) -> np.ndarray:
    """Renumber a map to 0, 1, 2, ...: int (H * W,), 0 stays 0."""
    flat = np.append(np.maximum(numbers.ravel().astype(np.int64), 0), 0)
    return np.unique(flat, return_inverse=True)[1].ravel()[:-1]


class Validator:
    """Scores a network on samples, at its own input size, in what its task is.

    A network for classes alone is scored by their IoU, one for embeddings alone within the true
    classes.

    Args:
        samples: images with classes and (where known) instances.
    """

    def __init__(self, samples: Sequence[Sample], label_set: LabelSet, size: tuple[int, int],
                 bandwidth: float | None, task: str = 'both',
                 method: str = 'mean_shift') -> None:
        """Bring the samples to `size` (width, height) once."""
        self._samples = [_single_classes(s.scaled(size), len(label_set)) for s in samples]
        self._label_set, self._task = label_set, task
        self._cluster = build_clustering(method, bandwidth)

    @torch.inference_mode()
    def __call__(self, network: nn.Module, normalise) -> tuple[dict[str, float], np.ndarray]:
        """Score a network; it is left in training mode.

        Args:
            network: the network to score.
            normalise: uint8 batch to the network's input.

        Returns:
            Scores by name, and an image, uint8 RGB.
        """
        network.eval()
        confusion = np.zeros((len(self._label_set),) * 2, np.int64)
        matches, rows = defaultdict(Matches), []
        for index, sample in enumerate(self._samples):
            image = torch.from_numpy(sample.image).permute(2, 0, 1)[None]
            outputs = network(normalise(image.to(next(network.parameters()).device)))
            found = self._found(sample, outputs)
            if self._task != 'embedding':
                confusion += _pairs(sample.classes, found.classes, len(confusion))
            if found.numbers:
                self._match(matches, sample, found)
            if len(rows) < 6 and index % max(1, len(self._samples) // 6) == 0:
                rows.append(validation_image(
                    sample, found.classes, self._label_set, found.embeddings,
                    next(iter(found.numbers.values()), None)))
        network.train()
        return self._scores(confusion, matches), np.vstack(rows)

    def _found(self, sample: Sample, outputs: tuple[Tensor, ...]) -> _Found:
        truth = np.where(sample.instances > 0, sample.classes, IGNORE)
        if self._task == 'embedding':
            classes = {'_true_classes': truth}
        else:
            classes = {'': outputs[0].argmax(1)[0].cpu().numpy(), '_true_classes': truth}
        shown = next(iter(classes.values()))
        if self._task == 'semantic':
            return _Found(shown)
        return _Found(shown, outputs[-1][0], classes, {
            kind: self._clusters(outputs[-1], mask) for kind, mask in classes.items()})

    def _match(self, matches: dict[str, Matches], sample: Sample, found: _Found) -> None:
        for k in self._label_set.thing_indices:
            label_id = self._label_set.labels[k].id
            true = np.where(sample.instances // 1000 == label_id, sample.instances, 0)
            unsure = ((sample.classes == k) & (sample.instances == 0)) | (sample.classes == IGNORE)
            for kind, classes in found.by_kind.items():
                mask = classes == k
                matches['embeddings' + kind].add(
                    np.where(mask, found.numbers[kind], 0), true, unsure)
                matches['components' + kind].add(_components(mask), true, unsure)

    def _clusters(self, embeddings: Tensor, classes: np.ndarray) -> np.ndarray:
        classes = torch.from_numpy(classes.astype(np.int64))[None].to(embeddings.device)
        clusters = self._cluster(embeddings, classes, self._label_set.thing_indices)
        return clusters[0].label_image.cpu().numpy()

    def _scores(self, confusion: np.ndarray, matches: dict[str, Matches]) -> dict[str, float]:
        """Return all scores; `score`, by which `best` is chosen, is made of the decisive ones."""
        scores = {f'f1_{kind}': m.f1 for kind, m in matches.items()}
        decisive = [scores[kind] for kind in ('f1_embeddings', 'f1_embeddings_true_classes')
                    if kind in scores][:1]
        true, hit = confusion.sum(1), confusion.diagonal()
        present = true > 0
        if present.any():
            iou = hit / np.maximum(1, true + confusion.sum(0) - hit)
            scores['miou'] = float(iou[present].mean())
            scores |= {f'iou_{name}'.replace(' ', '_'): float(iou[k])
                       for k, name in enumerate(self._label_set.names) if present[k]}
            decisive.append(scores['miou'])
        return scores | {'score': float(np.mean(decisive)) if decisive else 0.}


@dataclass(frozen=True)
class _Found:
    """What a network makes of an image.

    Attributes:
        classes: uint8 (H, W), the predicted ones where there are some.
        by_kind: the same by where they come from, predicted ('') or true ('_true_classes').
        numbers: the clusters in the classes of `by_kind`.
    """

    classes: np.ndarray
    embeddings: Tensor | None = None
    by_kind: dict[str, np.ndarray] = field(default_factory=dict)
    numbers: dict[str, np.ndarray] = field(default_factory=dict)


def _pairs(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count pixels by true and predicted class: int (classes, classes)."""
    known = true != IGNORE
    pairs = true[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def _components(mask: np.ndarray) -> np.ndarray:
    """Return connected components of at least 10 pixels: the baseline without embeddings."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    keep = np.where(stats[:, cv2.CC_STAT_AREA] >= 10, np.arange(len(stats)), 0)
    return keep[numbers]


def _single_classes(sample: Sample, classes: int) -> Sample:
    """Ignore pixels whose label is a set of classes."""
    return replace(sample, classes=np.where(sample.classes < classes, sample.classes, IGNORE))
