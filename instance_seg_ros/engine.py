# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network and the clustering of its outputs on one device: pictures in, clusters out."""

import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .clustering import Clusters, MeanShift

STAGES = ('preprocess', 'network', 'clustering')
"""Names of the timed stages, in order."""


@dataclass(frozen=True)
class Found:
    """What one picture holds, at the network's size and on the host; M clusters.

    classes: uint8 (H, W), channel of each pixel's class. number: integer (H, W), 0 = in no
    cluster, else 1 + the cluster's place in the lists. class_index: int (M,), their classes'
    channels. score: float32 (M,), 0 to 1. mode: float32 (M, D), their places in embedding space.
    invalid: pixels of countable classes without a finite embedding.
    """

    classes: np.ndarray
    number: np.ndarray
    class_index: np.ndarray
    score: np.ndarray
    mode: np.ndarray
    invalid: int


class Engine:
    """A network with its normalisation, and a clustering that looks at the data as it goes."""

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float],
                 device: torch.device, half: bool):
        """`network` is on `device` already, in half precision where `half` says so."""
        self.network, self.device, self.half = network, device, half
        scale = 255.0 * torch.tensor(std)
        self._scale = (1 / scale).view(3, 1, 1).to(device)
        self._shift = (-torch.tensor(mean) * 255.0 / scale).view(3, 1, 1).to(device)

    def __call__(self, pictures: np.ndarray, bandwidth: float, things: tuple[int, ...],
                 timings: dict[str, float]) -> list[Found]:
        """Find the instances of pictures, uint8 RGB (N, H, W, 3), and add each stage's time.

        things: channels of the classes to separate.
        """
        with self._timed(timings, 'preprocess'):
            batch = self.normalise(torch.from_numpy(pictures).to(self.device))
        with self._timed(timings, 'network'):
            logits, embeddings = self.network(batch)
        with self._timed(timings, 'clustering'):
            classes = logits.argmax(1)
            clusters = MeanShift(bandwidth)(embeddings, classes, things)
            return [_found(*one) for one in zip(classes, logits, clusters, strict=True)]

    def infer(self, pictures: np.ndarray) -> tuple[Tensor, Tensor]:
        """Return class logits (N, K, H, W) and embeddings (N, D, H, W), on the device."""
        return self.network(self.normalise(torch.from_numpy(pictures).to(self.device)))

    def normalise(self, pictures: Tensor) -> Tensor:
        """Bring uint8 (N, H, W, 3) to the network's input (N, 3, H, W), channels last."""
        batch = torch.addcmul(self._shift, pictures.permute(0, 3, 1, 2).float(), self._scale)
        batch = batch.contiguous(memory_format=torch.channels_last)
        return batch.half() if self.half else batch

    @contextmanager
    def _timed(self, timings: dict, stage: str):
        start = time.perf_counter()
        yield
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)
        timings[stage] = timings.get(stage, 0.0) + (time.perf_counter() - start) * 1e3


def _found(classes: Tensor, logits: Tensor, clusters: Clusters) -> Found:
    return Found(classes.byte().cpu().numpy(), clusters.number.cpu().numpy(),
                 clusters.class_index.cpu().numpy(),
                 instance_scores(logits, clusters).cpu().numpy(),
                 clusters.mode.cpu().numpy(), clusters.invalid)


def instance_scores(logits: Tensor, clusters: Clusters) -> Tensor:
    """Return a confidence per cluster, float32 (M,), from 0 to 1; logits are (K, H, W)."""
    inside = clusters.number > 0
    of_pixel = clusters.number[inside].long() - 1
    probability = logits.permute(1, 2, 0)[inside].float().softmax(1)
    own = probability.gather(1, clusters.class_index[of_pixel].unsqueeze(1)).squeeze(1)
    total = torch.bincount(of_pixel, own.double(), minlength=len(clusters.area))
    return score(total / clusters.area, clusters.spread, clusters.margin)


def score(probability: Tensor, spread: Tensor, margin: Tensor) -> Tensor:
    """Return the confidence of clusters, float32, from 0 to 1.

    The mean class probability over the cluster's pixels, lowered where the embeddings are
    loose (spread) or the next cluster is close (margin): a blob of a wrongly recognised class
    has a sure class and no shape in embedding space.
    """
    tightness = 1 - spread / 2
    return (probability * tightness * (margin / 2).clamp_max(1).sqrt()).float().clamp(0, 1)
