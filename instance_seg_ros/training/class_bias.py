# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Biases on the class logits, fitted after training.

Class weights make a network learn what is rare, and call too much of the rest by its name. A bias
for each class, fitted to the mean IoU on labelled images, corrects that (a post-hoc logit
adjustment: Menon et al., "Long-tail learning via logit adjustment", 2021, section 4.1, with the
measure itself in place of the class frequencies). It costs nothing at run time: the last layer
takes it in.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from ..core.errors import UserError
from ..core.resize import resize_labels
from ..datasets.sample import Sample
from ..inference.checkpoint import Checkpoint
from ..inference.segmenter import InstanceSegmenter

STEPS = (-1.2, -.6, -.3, .3, .6, 1.2)
PIXELS = 4000
"""Drawn from each image."""
ENOUGH = 1000
"""Pixels a class must have for a bias of its own."""

Pixels = tuple[np.ndarray, np.ndarray]
"""Class logits, float32 (P, K), and true classes, int64 (P,)."""


def sample_logits(segmenter: InstanceSegmenter, samples: Iterable[Sample], seed: int) -> Pixels:
    """Return the logits of some known pixels of each image."""
    rng = np.random.default_rng(seed)
    logits, truths = [], []
    for sample in samples:
        classes = resize_labels(sample.classes, segmenter.network_size(sample.image)).ravel()
        chosen = rng.integers(classes.size, size=PIXELS)
        chosen = chosen[classes[chosen] < len(segmenter.label_set)]     # void and class sets
        found = segmenter.infer([sample.image])[0][0].flatten(1)
        logits.append(found[:, torch.from_numpy(chosen)].T.float().cpu().numpy())
        truths.append(classes[chosen].astype(np.int64))
    return np.concatenate(logits), np.concatenate(truths)


def fit_biases(sources: Sequence[Pixels], rounds: int = 2) -> np.ndarray:
    """Return biases, float (K,), that raise the mean IoU, averaged over the sources.

    One class after the other is shifted as long as that helps. Classes of too few pixels are
    held down like the one that is held down most: nothing speaks for more of them.
    """
    biases = np.zeros(sources[0][0].shape[1], np.float32)
    counts = sum(np.bincount(truth, minlength=len(biases)) for _, truth in sources)
    known = np.flatnonzero(counts >= ENOUGH)
    best = _mean_iou(sources, biases)
    for k in np.tile(known, rounds):
        for step in STEPS:
            trial = biases.copy()
            trial[k] += step
            score = _mean_iou(sources, trial)
            if score > best + 1e-4:
                best, biases = score, trial
    if len(known):
        biases[counts < ENOUGH] = biases[known].min()
    return biases


def add_biases(checkpoint: Checkpoint, biases: np.ndarray) -> None:
    """Add biases to the logits of a checkpoint's network, in its last layer."""
    name = _logit_bias(checkpoint.build(), len(biases))
    state = checkpoint.state[name].clone()
    state[:len(biases)] += torch.from_numpy(biases).to(state.dtype)
    checkpoint.state[name] = state


def _mean_iou(sources: Sequence[Pixels], biases: np.ndarray) -> float:
    return float(np.mean([_iou(logits + biases, truth).mean() for logits, truth in sources]))


def _iou(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the IoU of each class with enough pixels."""
    classes = logits.shape[1]
    table = np.bincount(truth * classes + logits.argmax(1), minlength=classes ** 2)
    table = table.reshape(classes, classes)
    true, right = table.sum(1), np.diag(table)
    iou = right / np.maximum(1, true + table.sum(0) - right)
    return iou[true >= ENOUGH] if (true >= ENOUGH).any() else iou[true > 0]


@torch.inference_mode()
def _logit_bias(network: nn.Module, classes: int) -> str:
    """Find the parameter whose first values are added to the class logits, by trying."""
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before, last = network(image)[0], torch.zeros(classes, 1, 1)
    last[-1] = 1
    for name, bias in reversed(list(network.named_parameters())):
        if bias.ndim == 1 and len(bias) >= classes and name.endswith('bias'):
            bias[classes - 1] += 1
            if torch.allclose(network(image)[0], before + last, atol=1e-3):
                return name
            bias[classes - 1] -= 1
    raise UserError('This network has no bias on its class logits to be fitted.')
