# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The work for one batch size, with inputs and results at fixed addresses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..core.stages import ENGINE_STAGES
from .cluster_measurement import measure_clusters
from .clusters import ClusterArrays
from .device_settings import DeviceSettings
from .packed_tensors import Layout, pack
from .stage_clocks import DeviceClock, HostClock

if TYPE_CHECKING:
    from .cuda_graph_capture import DirectRecorder, GraphRecorder
    from .cuda_graph_engine import CudaGraphEngine


class CapturedBatch:
    """Normalisation, network and clustering of N images, as three steps of a recorder."""

    def __init__(self, engine: CudaGraphEngine, shape: tuple[int, int, int, int],
                 recorder: GraphRecorder | DirectRecorder):
        """Record for images uint8 (N, H, W, 3) of this shape, on the current stream."""
        device, pinned = engine.device, engine.device.type == 'cuda'
        self._engine = engine
        self._host_images = torch.zeros(shape, dtype=torch.uint8, pin_memory=pinned)
        self._images = self._host_images.to(device)
        self._settings = DeviceSettings(shape[:3], engine.label_ids, device, engine.groups)
        self._normalise = recorder(lambda: (engine.normalise(self._images),))
        self._network = recorder(lambda: engine.network(*self._normalise.outputs))
        self._cluster = recorder(self._clustered)
        block, = self._cluster.outputs
        self._host_block = torch.empty_like(block, device='cpu', pin_memory=pinned)
        self._clock = DeviceClock(len(ENGINE_STAGES)) if pinned else HostClock()

    @property
    def steps(self) -> tuple:
        """The recorded steps, in order."""
        return self._normalise, self._network, self._cluster

    def free(self) -> None:
        """Free graphs and buffers, which refer to this object and would keep it alive."""
        self.__dict__.clear()

    def __call__(self, images: np.ndarray, sizes: Sequence[tuple[int, int]],
                 bandwidths: tuple[float, ...], things: tuple[int, ...],
                 timings: dict[str, float]) -> list[ClusterArrays]:
        """Segment up to N images, uint8 (n, H, W, 3); see `EagerEngine.__call__`."""
        self._settings.write(bandwidths, things, sizes)
        results = self._run(images, timings)
        clusters, start = [], time.perf_counter()
        for n, size in enumerate(sizes):
            image = {name: array[n] for name, array in results.items()}
            if image['complete']:
                clusters.append(measure_clusters(image['class_mask'], image, size))
            else:              # the network's outputs are still there
                logits, embeddings = (output[n] for output in self._network.outputs)
                clusters.append(self._engine.cluster_image(logits, embeddings, size, bandwidths,
                                                           things))
        timings['clustering'] += (time.perf_counter() - start) * 1e3
        return clusters

    def _run(self, images: np.ndarray, timings: dict[str, float]) -> dict[str, np.ndarray]:
        """Return the fields of all N images, views of the block that the next call overwrites."""
        self._clock.start()
        self._host_images[:len(images)].copy_(torch.from_numpy(images))
        self._images.copy_(self._host_images, non_blocking=True)
        self._normalise()
        self._clock.mark()
        self._network()
        self._clock.mark()
        self._cluster()
        self._host_block.copy_(self._cluster.outputs[0], non_blocking=True)
        for stage, ms in zip(ENGINE_STAGES, self._clock.stop(), strict=True):
            timings[stage] = timings.get(stage, 0.0) + ms
        return self._layout.unpack(self._host_block.numpy())

    def _clustered(self) -> tuple[Tensor]:
        logits, embeddings = self._network.outputs
        tensors = self._engine.cluster_batch(logits, embeddings, self._settings)
        self._layout = Layout.of(tensors)
        return (pack(tensors),)
