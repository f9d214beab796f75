# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Quick scores and pictures while training; the real scores come from `instance_seg evaluate`."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ..clustering import MeanShift
from ..datasets.sample import IGNORE, Sample
from ..labels import LabelSet


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
        """Count one class of one picture.

        numbers: int (H, W), 0 = none. truth: the same for the true instances. unsure: bool
        (H, W), the class's pixels that nobody separated: predictions mostly there do not count.
        """
        true, found = _consecutive(truth), _consecutive(numbers)
        # Pixels nobody separated are neither right nor wrong: a column of their own, the last.
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
    """Scores a network on samples, at its own input size.

    samples: pictures with classes and (where known) instances. normalise: uint8 batch to input.
    """

    def __init__(self, samples: Sequence[Sample], label_set: LabelSet, size: tuple[int, int],
                 bandwidth: float) -> None:
        """Bring the samples to `size` (width, height) once."""
        self._samples = [_resized(s, size) for s in samples]
        self._label_set = label_set
        self._cluster = MeanShift(bandwidth)

    @torch.inference_mode()
    def __call__(self, network: nn.Module, normalise) -> tuple[dict[str, float], np.ndarray]:
        """Return scores by name and a picture, uint8 RGB; the network is left in training mode."""
        network.eval()
        confusion = np.zeros((len(self._label_set),) * 2, np.int64)
        kinds = ('embeddings', 'components', 'embeddings_true_classes', 'components_true_classes')
        matches = {kind: Matches() for kind in kinds}
        rows = []
        for index, sample in enumerate(self._samples):
            image = torch.from_numpy(sample.image).permute(2, 0, 1)[None]
            logits, embeddings = network(normalise(image.to(next(network.parameters()).device)))
            classes = logits.argmax(1)[0].cpu().numpy()
            known = sample.classes != IGNORE
            pairs = sample.classes[known].astype(np.int64) * len(confusion) + classes[known]
            confusion += np.bincount(pairs, minlength=confusion.size).reshape(confusion.shape)
            numbers = self._match(matches, sample, classes, embeddings)
            if len(rows) < 6 and index % max(1, len(self._samples) // 6) == 0:
                rows.append(picture(sample, classes, embeddings[0], numbers, self._label_set))
        network.train()
        return self._scores(confusion, matches), np.vstack(rows)

    def _match(self, matches, sample, classes, embeddings) -> np.ndarray:
        things = self._label_set.thing_indices
        truth = np.where(sample.instances > 0, sample.classes, IGNORE)
        clusters = {'embeddings': self._clusters(embeddings, classes, things),
                    'embeddings_true_classes': self._clusters(embeddings, truth, things)}
        for k in things:
            label_id = self._label_set.labels[k].id
            true = np.where(sample.instances // 1000 == label_id, sample.instances, 0)
            unsure = ((sample.classes == k) & (sample.instances == 0)) | (sample.classes == IGNORE)
            for kind, predicted in (('', classes), ('_true_classes', truth)):
                mask = predicted == k
                matches['embeddings' + kind].add(
                    np.where(mask, clusters['embeddings' + kind], 0), true, unsure)
                matches['components' + kind].add(_components(mask), true, unsure)
        return clusters['embeddings']

    def _clusters(self, embeddings: Tensor, classes: np.ndarray, things) -> np.ndarray:
        classes = torch.from_numpy(classes.astype(np.int64))[None].to(embeddings.device)
        return self._cluster(embeddings, classes, things)[0].number.cpu().numpy()

    def _scores(self, confusion: np.ndarray, matches: dict[str, Matches]) -> dict[str, float]:
        true, hit = confusion.sum(1), confusion.diagonal()
        iou = hit / np.maximum(1, true + confusion.sum(0) - hit)
        present = true > 0
        scores = {'miou': float(iou[present].mean())}
        scores |= {f'iou_{name}'.replace(' ', '_'): float(iou[k])
                   for k, name in enumerate(self._label_set.names) if present[k]}
        return scores | {f'f1_{kind}': m.f1 for kind, m in matches.items()}


def _resized(sample: Sample, size: tuple[int, int]) -> Sample:
    maps = [cv2.resize(a, size, interpolation=cv2.INTER_NEAREST)
            for a in (sample.classes, sample.instances)]
    image = cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA
                       if size[0] < sample.image.shape[1] else cv2.INTER_LINEAR)
    return Sample(sample.name, image, *maps)


def _components(mask: np.ndarray) -> np.ndarray:
    """Return connected components of at least 10 pixels: the baseline without embeddings."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    keep = np.where(stats[:, cv2.CC_STAT_AREA] >= 10, np.arange(len(stats)), 0)
    return keep[numbers]


def picture(sample: Sample, classes: np.ndarray, embeddings: Tensor, numbers: np.ndarray,
            label_set: LabelSet) -> np.ndarray:
    """Image, its classes, embeddings (first three principal components), clusters, in a row."""
    colours = label_set.color_table[label_set.ids]
    over = (sample.image // 2 + colours[classes] // 2).astype(np.uint8)
    palette = np.random.default_rng(1).integers(60, 255, (256, 3)).astype(np.uint8)
    palette[0] = 0
    things = np.isin(classes, label_set.thing_indices)
    parts = [sample.image, over, principal(embeddings, things), palette[numbers % 256]]
    return np.hstack([cv2.resize(part, (384, 192)) for part in parts])


def principal(embeddings: Tensor, mask: np.ndarray) -> np.ndarray:
    """Project (D, H, W) embeddings to uint8 (H, W, 3); the axes are those of the mask's pixels."""
    points = embeddings.flatten(1).T.float()
    chosen = torch.from_numpy(mask.ravel()).to(points.device)
    chosen = points[chosen] if chosen.sum() > 10 else points
    centre = chosen.mean(0)
    axes = torch.linalg.svd((chosen - centre).T @ (chosen - centre))[0][:, :3]
    shown = (points - centre) @ axes
    low, high = torch.quantile((chosen - centre)[:20000] @ axes, torch.tensor([.02, .98]), 0)
    shown = ((shown - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    result = (255 * shown).byte().cpu().numpy().reshape(*mask.shape, 3)
    return np.where(mask[..., None], result, result // 4)
