# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine for CUDA: recorded once per batch size, replayed without a word to the host.

On a GPU the hundreds of small launches of ENet and of the clustering cost more than their work.
CUDA graphs launch them as one; that asks for fixed shapes and fixed places in memory, so nothing
is allocated for a frame either. The host waits once, for the results.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from torch import Tensor

from .batched_mean_shift import BatchedMeanShift
from .cluster_measurement import measure_clusters
from .clusters import ClusterArrays
from .device_settings import DeviceSettings
from .eager_engine import STAGES, EagerEngine
from .packed_tensors import Layout, pack

log = logging.getLogger(__name__)


class CudaGraphEngine(EagerEngine):
    """An engine that replays recorded work; images of too many instances go the long way."""

    def __init__(self, *args, **kwargs):
        """Take what `Engine` takes."""
        super().__init__(*args, **kwargs)
        self._plans: dict[tuple, _Plan] = {}

    def __call__(self, pictures: np.ndarray, sizes: Sequence[tuple[int, int]],
                 bandwidths: tuple[float, ...], things: tuple[int, ...],
                 timings: dict[str, float]) -> list[ClusterArrays]:
        """Do what `Engine` does."""
        with _current(self.device):
            plan = self._plans.get(pictures.shape)
            if plan is None:
                plan = self._plans[pictures.shape] = _Plan(self, pictures.shape)
            plan.set(bandwidths, things, tuple(sizes))
            found = plan(pictures, timings)
        if found is None:
            return super().__call__(pictures, sizes, bandwidths, things, timings)
        return found

    def cluster(self, logits: Tensor, embeddings: Tensor,
                settings: DeviceSettings) -> dict[str, Tensor]:
        """Return what the host needs, by name: class mask and the fields of the clusters."""
        strongest, class_index = logits.float().max(1)
        confidence = (strongest - logits.float().logsumexp(1)).exp()
        clusters = BatchedMeanShift()(embeddings, class_index, confidence, settings)
        return {'class_mask': settings.label_ids[class_index], **clusters.tensors()}


class _Plan:
    """The recorded work for one batch shape, with its inputs and results in fixed places."""

    def __init__(self, engine: CudaGraphEngine, shape: tuple[int, ...]):
        device, pinned = engine.device, engine.device.type == 'cuda'
        self._engine = engine
        self._host = torch.zeros(shape, dtype=torch.uint8, pin_memory=pinned)
        self._pictures = self._host.to(device)
        self._settings = DeviceSettings(shape[:3], engine.label_ids, device)
        self._sizes = ()
        record = _recorder(device)
        self._normalise = record(lambda: (engine.normalise(self._pictures),))
        self._network = record(lambda: engine.network(*self._normalise.outputs))
        self._cluster = record(self._clustered)
        block, = self._cluster.outputs
        self._results = torch.empty_like(block, device='cpu', pin_memory=pinned)
        self._clock = _DeviceClock() if pinned else _HostClock()

    def _clustered(self) -> tuple[Tensor]:
        tensors = self._engine.cluster(*self._network.outputs, self._settings)
        self._layout = Layout.of(tensors)
        return (pack(tensors),)

    def set(self, bandwidths: tuple[float, ...], things: tuple[int, ...], sizes: tuple):
        """Set what may differ from the frame before."""
        self._settings.write(bandwidths, things, sizes)
        self._sizes = sizes

    def __call__(self, pictures: np.ndarray,
                 timings: dict[str, float]) -> list[ClusterArrays] | None:
        """Run once; None when an image holds more clusters than there is room for."""
        self._clock.start()
        self._host.copy_(torch.from_numpy(pictures))
        self._pictures.copy_(self._host, non_blocking=True)
        self._normalise()
        self._clock.mark()
        self._network()
        self._clock.mark()
        self._cluster()
        self._results.copy_(self._cluster.outputs[0], non_blocking=True)
        for stage, ms in zip(STAGES, self._clock.stop(), strict=True):
            timings[stage] = timings.get(stage, 0.0) + ms
        results = self._layout.unpack(self._results.numpy())
        if not results['complete'].all():
            return None
        images = [{name: array[n] for name, array in results.items()}
                  for n in range(len(self._sizes))]
        return [measure_clusters(image['class_mask'], image, size)
                for image, size in zip(images, self._sizes, strict=True)]


def _current(device: torch.device):
    """Make a CUDA device the one whose stream launches go to: a context."""
    return torch.cuda.device(device) if device.type == 'cuda' else nullcontext()


class _Direct:
    """A piece of work that is done anew each time."""

    def __init__(self, work: Callable[[], tuple[Tensor, ...]]):
        self._work, self.outputs = work, work()

    def __call__(self):
        self.outputs = self._work()


class _Recorded:
    """A piece of work as a CUDA graph; `outputs` keep their places."""

    def __init__(self, work: Callable[[], tuple[Tensor, ...]]):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        # The algorithms chosen on these first runs are the ones that the graph keeps.
        with torch.cuda.stream(side), _best_algorithms():
            for _ in range(3):
                work()
            torch.cuda.current_stream().synchronize()
            self._graph = torch.cuda.CUDAGraph()
            # Other threads may use the device meanwhile (another segmenter, say).
            with torch.cuda.graph(self._graph, stream=side, capture_error_mode='thread_local'):
                self.outputs = work()
        torch.cuda.current_stream().wait_stream(side)
        self._graph.replay()

    def __call__(self):
        self._graph.replay()


@contextmanager
def _best_algorithms():
    """Let cuDNN try its algorithms, those that give the same bits every time, meanwhile."""
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    cudnn.benchmark = cudnn.deterministic = True
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before


def _recorder(device: torch.device) -> Callable:
    """Return what makes work repeatable on a device; work that cannot be recorded is repeated."""
    if device.type != 'cuda':
        return _Direct

    def record(work):
        try:
            return _Recorded(work)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            log.warning('No CUDA graph could be recorded (%s); frames will take longer.', error)
            return _Direct(work)
    return record


class _HostClock:
    """Times between marks, in ms, of work that is done when its call returns."""

    def start(self):
        self._marks = [time.perf_counter()]

    def mark(self):
        self._marks.append(time.perf_counter())

    def stop(self) -> list[float]:
        self.mark()
        return [1e3 * (b - a) for a, b in zip(self._marks, self._marks[1:], strict=False)]


class _DeviceClock:
    """Times between marks on the device's own time line; stopping waits for the device."""

    def __init__(self):
        self._events = [torch.cuda.Event(enable_timing=True) for _ in range(len(STAGES) + 1)]

    def start(self):
        self._next = iter(self._events)
        self.mark()

    def mark(self):
        next(self._next).record()

    def stop(self) -> list[float]:
        self.mark()
        self._events[-1].synchronize()   # the frame's only one
        return [a.elapsed_time(b) for a, b in zip(self._events, self._events[1:], strict=False)]
