# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Capture of fixed-shape work as CUDA graphs, and the same work without graphs.

PyTorch allows one capture at a time in a process, and a device-wide synchronisation in one thread
breaks a capture in another. So captures of this process take turns, and nothing in this package
synchronises the device, only streams and events.
"""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..core.errors import DeviceError

Work = Callable[[], tuple[Tensor, ...]]

_one_capture = threading.RLock()


@contextmanager
def capture_lock() -> Iterator[None]:
    """Keep captures of other threads away; for what may not run during one."""
    with _one_capture:
        yield


class DirectStep:
    """Work that is done anew each time."""

    def __init__(self, work: Work):
        """Do it once, so that `outputs` exist."""
        self._work, self.outputs = work, work()

    def __call__(self) -> None:
        """Do it again; replaces `outputs`."""
        self.outputs = self._work()


class CapturedStep:
    """Work as a CUDA graph; `outputs` stay at their addresses."""

    def __init__(self, graph: 'torch.cuda.CUDAGraph', outputs: tuple[Tensor, ...]):
        """Take what a recorder made."""
        self._graph, self.outputs = graph, outputs

    def __call__(self) -> None:
        """Replay; the host does not wait."""
        self._graph.replay()


class DirectRecorder:
    """Makes steps without graphs, on any device."""

    stream = None

    @contextmanager
    def session(self) -> Iterator[None]:
        """Nothing has to be prepared."""
        yield

    def __call__(self, work: Work) -> DirectStep:
        """Return the work as a step that has been done once."""
        return DirectStep(work)


class GraphRecorder:
    """Captures steps on one stream, with one memory pool for all of them.

    The steps of a pool may only be replayed on `stream`, one at a time: they share memory for
    what they do not return.
    """

    def __init__(self, device: torch.device):
        """Create the stream and the pool."""
        with torch.cuda.device(device):
            self.stream, self._pool = torch.cuda.Stream(), torch.cuda.graph_pool_handle()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Capture within this context only: alone in the process, without garbage collection.

        A collection during a capture could destroy a graph or an event of something else, which
        CUDA forbids.
        """
        with _one_capture, _no_garbage_collection():
            yield

    def __call__(self, work: Work) -> CapturedStep:
        """Return the work as a graph that has been replayed once.

        Raises:
            DeviceError: when the capture fails. PyTorch cannot be trusted with another capture in
                this process then, so there is no fallback here.
        """
        with torch.cuda.stream(self.stream):
            work()             # chooses cuDNN algorithms, creates handles and workspaces
            self.stream.synchronize()
            try:
                step = self._captured(work)
            except RuntimeError as error:
                raise DeviceError(f'CUDA graph capture failed: {first_line(error)}. Set '
                                  'cuda_graphs: off and start the process again.',
                                  process_lost=True) from error
            step()
        return step

    def _captured(self, work: Work) -> CapturedStep:
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the device meanwhile, as another segmenter does.
        with torch.cuda.graph(graph, self._pool, self.stream,
                              capture_error_mode='thread_local'):
            outputs = work()
        return CapturedStep(graph, outputs)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
