# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine for CUDA: captured for two batch sizes, replayed without host synchronisation.

On a GPU the hundreds of small launches of ENet and of the clustering cost more than their work.
CUDA graphs launch them as one; that asks for fixed shapes and fixed addresses, so nothing is
allocated for a frame either. The host waits once, for the results.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .batched_learned_seeds import BatchedLearnedSeeds
from .batched_mean_shift import BatchedMeanShift
from .captured_batch import CapturedBatch
from .class_groups import elect_classes
from .clusters import ClusterArrays
from .cuda_graph_capture import DirectRecorder, GraphRecorder, capture_lock
from .device_flags import exact_arithmetic
from .device_settings import DeviceSettings
from .eager_engine import EagerEngine
from .pixel_classes import INVALID_CLASS, classify_batch

BATCHED = {'mean_shift': BatchedMeanShift, 'learned_seeds': BatchedLearnedSeeds}
"""Clusterings of fixed shapes, by method."""


class CudaGraphEngine(EagerEngine):
    """Fixed-shape inference; frames of more clusters than it has columns for are clustered anew.

    Work is captured in `prepare` only, for the largest batch and for one image; other batches are
    padded or split. Not thread-safe, as one batch's tensors are shared by all calls.
    """

    def __init__(self, *args: Any, cuda_graphs: bool = True, **kwargs: Any):
        """Take what `EagerEngine` takes.

        Args:
            cuda_graphs: capture; otherwise the same work is launched step by step. Without CUDA
                nothing can be captured.
        """
        super().__init__(*args, **kwargs)
        graphs = cuda_graphs and self.device.type == 'cuda'
        self._recorder = GraphRecorder(self.device) if graphs else DirectRecorder()
        self._batches: dict[int, CapturedBatch] = {}

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The prepared batch sizes, ascending."""
        return tuple(sorted(self._batches))

    def prepare(self, batch_size: int, shape: tuple[int, int]) -> None:
        """Capture for batches of up to `batch_size` images of shape (H, W), the largest first.

        Raises:
            DeviceError: when a capture fails.
        """
        largest = max(batch_size, *self.batch_sizes, 1)
        missing = sorted({1, largest} - set(self._batches), reverse=True)
        if not missing:
            return
        with self._on_device(), self._recorder.session(), exact_arithmetic(benchmark=True):
            for count in missing:
                self._batches[count] = CapturedBatch(self, (count, *shape, 3), self._recorder)

    def __call__(self, images: np.ndarray, sizes: Sequence[tuple[int, int]],
                 bandwidths: tuple[float, ...], things: tuple[int, ...],
                 timings: dict[str, float]) -> list[ClusterArrays]:
        """Do what `EagerEngine` does; the first call prepares for its batch if nothing has."""
        if not self._batches:
            self.prepare(len(images), images.shape[1:3])
        clusters, largest = [], self.batch_sizes[-1]
        with self._on_device(), self._arithmetic():
            for first in range(0, len(images), largest):
                part = slice(first, first + largest)
                batch = self._smallest_batch(len(images[part]))
                clusters += batch(images[part], sizes[part], bandwidths, things, timings)
        return clusters

    def cluster_batch(self, logits: Tensor, embeddings: Tensor,
                      settings: DeviceSettings) -> dict[str, Tensor]:
        """Return what the host needs, by name: class mask and the fields of `ClusterTensors`."""
        class_index, probability = classify_batch(logits)
        invalid = (class_index == INVALID_CLASS).sum((1, 2))
        joint = settings.head_of_class[class_index.long()] if self.groups else class_index
        clusters = BATCHED[self.method]()(embeddings, joint, probability, settings)
        if self.groups:
            clusters, class_index = elect_classes(clusters, class_index, probability)
        class_mask = settings.label_ids[class_index.long()]
        return {**clusters.tensors(), 'class_mask': class_mask,
                'invalid': clusters.invalid + invalid}

    def close(self) -> None:
        """Free graphs, buffers and the network."""
        super().close()
        with capture_lock():            # freeing device memory may not meet a capture
            while self._batches:
                self._batches.popitem()[1].free()

    def _smallest_batch(self, count: int) -> CapturedBatch:
        return self._batches[min(size for size in self._batches if size >= count)]

    @contextmanager
    def _on_device(self) -> Iterator[None]:
        """Launch on the engine's device and stream."""
        with ExitStack() as stack:
            if self.device.type == 'cuda':
                stack.enter_context(torch.cuda.device(self.device))
            if self._recorder.stream is not None:
                stack.enter_context(torch.cuda.stream(self._recorder.stream))
            yield
