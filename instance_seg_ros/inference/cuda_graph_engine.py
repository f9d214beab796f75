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

from .batched_mean_shift import FixedMeanShift
from .clusters import Found
from .eager_engine import STAGES, Engine
from .mask_geometry import cell_copies, edges, geometry, geometry_of
from .small_components import without_fragments

log = logging.getLogger(__name__)


class DeviceSettings:
    """Settings as the recorded work reads them, in fixed places on the device."""

    def __init__(self, shape: tuple[int, int, int], label_ids: np.ndarray, device: torch.device):
        """shape: (N, H, W) of the batch."""
        count, height, width = shape
        self.rank_of_class = torch.full((256,), -1, device=device)
        self.bandwidth = torch.ones(256, device=device)
        self.of_row = torch.ones(count, height, device=device)
        self.of_column = torch.ones(count, width, device=device)
        self.label_ids = torch.from_numpy(label_ids).to(device)
        self._shape, self._now = (height, width), None

    def set(self, *settings):
        """Write bandwidths, things and image sizes where they have changed."""
        if self._now == settings:
            return
        bandwidths, things, sizes = self._now = settings
        rank = torch.full((256,), -1)
        rank[list(things)] = torch.arange(len(things))
        self.rank_of_class.copy_(rank)
        self.bandwidth[:len(things)].copy_(torch.tensor(bandwidths))
        for n, size in enumerate(sizes):
            of_row, of_column = cell_copies(self._shape, size)
            self.of_row[n].copy_(torch.from_numpy(of_row))
            self.of_column[n].copy_(torch.from_numpy(of_column))


class ReplayEngine(Engine):
    """An engine that replays recorded work; images of too many instances go the long way."""

    def __init__(self, *args, **kwargs):
        """Take what `Engine` takes."""
        super().__init__(*args, **kwargs)
        self._plans: dict[tuple, _Plan] = {}

    def __call__(self, pictures: np.ndarray, sizes: Sequence[tuple[int, int]],
                 bandwidths: tuple[float, ...], things: tuple[int, ...],
                 timings: dict[str, float]) -> list[Found]:
        """Do what `Engine` does."""
        with _current(self.device):
            plan = self._plans.get(pictures.shape)
            if plan is None:
                plan = self._plans[pictures.shape] = _Plan(self, pictures.shape)
            plan.set(bandwidths, things, tuple(sizes))
            found = plan(pictures, timings)
        return found or super().__call__(pictures, sizes, bandwidths, things, timings)

    def cluster(self, logits: Tensor, embeddings: Tensor, settings: DeviceSettings):
        """Return what the host needs: class mask and numbers (N, H, W), tables, profiles, a tail.

        The table (N, M, 6 + D) holds each cluster's class (place among the countable ones, -1 =
        no cluster), probability, spread, margin, area, edges and mode; the tail (N, 2) the count
        of invalid pixels and whether all clusters are there.
        """
        strongest, classes = logits.float().max(1)
        confidence = (strongest - logits.float().logsumexp(1)).exp()
        found = FixedMeanShift()(embeddings, settings.rank_of_class[classes], confidence,
                                 settings.bandwidth, settings.of_row, settings.of_column)
        table = torch.cat([torch.stack([
            found.rank.float(), found.confidence, found.spread, found.margin, found.area,
            found.edges], 2), found.mode], 2)
        tail = torch.stack([found.invalid, found.complete.long()], 1)
        return (settings.label_ids[classes], found.number, table, found.rows, found.columns, tail)


class _Plan:
    """The recorded work for one batch shape, with its inputs and results in fixed places."""

    def __init__(self, engine: ReplayEngine, shape: tuple[int, ...]):
        device, pinned = engine.device, engine.device.type == 'cuda'
        self._host = torch.zeros(shape, dtype=torch.uint8, pin_memory=pinned)
        self._pictures = self._host.to(device)
        self._settings = DeviceSettings(shape[:3], engine.label_ids, device)
        self._things, self._sizes = np.zeros(0, np.int64), ()
        record = _recorder(device)
        self._normalise = record(lambda: (engine.normalise(self._pictures),))
        self._network = record(lambda: engine.network(*self._normalise.outputs))
        self._cluster = record(lambda: engine.cluster(
            *self._network.outputs, self._settings))
        self._results = [torch.empty_like(x, device='cpu', pin_memory=pinned)
                         for x in self._cluster.outputs]
        self._clock = _DeviceClock() if pinned else _HostClock()

    def set(self, bandwidths: tuple[float, ...], things: tuple[int, ...], sizes: tuple):
        """Set what may differ from the frame before."""
        self._settings.set(bandwidths, things, sizes)
        self._things, self._sizes = np.array(things), sizes

    def __call__(self, pictures: np.ndarray, timings: dict[str, float]) -> list[Found] | None:
        """Run once; None when an image holds more clusters than there is room for."""
        self._clock.start()
        self._host.copy_(torch.from_numpy(pictures))
        self._pictures.copy_(self._host, non_blocking=True)
        self._normalise()
        self._clock.mark()
        self._network()
        self._clock.mark()
        self._cluster()
        for here, there in zip(self._results, self._cluster.outputs, strict=True):
            here.copy_(there, non_blocking=True)
        for stage, ms in zip(STAGES, self._clock.stop(), strict=True):
            timings[stage] = timings.get(stage, 0.0) + ms
        if not self._results[-1][:, 1].all():
            return None
        return [self._found(*arrays) for arrays in zip(
            *(x.numpy() for x in self._results), self._sizes, strict=True)]

    def _found(self, class_mask, number, table, rows, columns, tail, size) -> Found:
        count = np.count_nonzero(table[:, 0] >= 0)
        rank, probability, spread, margin, area, sides, *mode = table[:count].T.copy()
        whole, area = without_fragments(number, area.astype(np.int64))
        if whole is number:
            number, sides = number.copy(), sides.astype(np.int64)
            boxes = geometry_of(rows[:count], columns[:count], size)
        else:
            number, sides, boxes = whole, edges(whole, count), geometry(whole, count, size)
        return Found(class_mask.copy(), number, self._things[rank.astype(np.int64)],
                     probability, spread, margin, np.stack(mode, 1), area, sides, boxes, size,
                     int(tail[0]))


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
