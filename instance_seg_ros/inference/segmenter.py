# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images in, instance maps out: everything between a camera image and its masks."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor, nn

from ..core.errors import UserError
from ..core.instances import InstanceMap
from ..core.resize import resize_image
from ..core.stages import SEGMENTER_STAGES
from .checkpoint import Checkpoint, build_pipeline, default_checkpoint
from .clusters import ClusterArrays
from .confidence import Confidence
from .cuda_graph_capture import capture_lock
from .devices import half_is_fast, place_network, resolve_device
from .eager_engine import EagerEngine
from .engine_choice import choose_engine
from .engines import build_engine, build_runtime
from .exported_network import ExportedNetwork
from .input_size import group_by_size, network_size
from .instance_map_builder import InstanceMapBuilder
from .network_runtime import NetworkRuntime
from .segmenter_settings import SegmenterSettings, checked_input_size


class InstanceSegmenter:
    """End-to-end inference: pre-processing, network, clustering, post-processing.

    Thread-safe: one call runs at a time, settings may change from any thread. After `close`,
    calls raise RuntimeError.

    Args:
        checkpoint: of the network.
        device: `auto` (CUDA if available), `cpu`, `cuda` or `cuda:N`.
        input_size: (width, height) the network sees, or a height: the width then follows the
            aspect of each image; the checkpoint's by default.
        bandwidth: of the mean shift (a factor on the radii of learned seeds), a number for
            all classes or numbers by class name; the checkpoint's for the others and by
            default.
        classes: names of the classes to separate into instances; all thing classes by default.
        score_threshold, min_area: a number for all classes, or numbers by class name.
            Instances below either are left out of the instance mask (their pixels keep their
            class).
        half: half precision on CUDA; by default where the GPU is fast at it (compute
            capability 7.0 and later). The CPU always computes in float32.
        threads: CPU threads of PyTorch, for the whole process; 0 or None: as they are.
        semantic_checkpoint: takes the class logits from this checkpoint's network, and only
            the embeddings from the first one's (the paper's set-up); it sees the same input.
        cuda_graphs: `auto` captures CUDA graphs on CUDA devices, `off` never does.
        engine: what computes the network, one of `engine_choice.ENGINES`.
        engine_provider: device of OpenVINO or provider of ONNX Runtime, see
            `engine_choice.PROVIDERS`.

    Raises:
        UserError: for invalid arguments and missing packages.
        DeviceError: when the device does not take the network.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = 'auto',
                 input_size: int | tuple[int, int] | None = None,
                 bandwidth: float | dict | None = None,
                 classes: Sequence[str] | None = None, score_threshold: float | dict = 0.0,
                 min_area: int | dict = 32, half: bool | None = None,
                 threads: int | None = None,
                 semantic_checkpoint: Checkpoint | Path | str | None = None,
                 cuda_graphs: str = 'auto', engine: str = 'torch',
                 engine_provider: str = 'auto'):
        """Put the network on the device."""
        self.checkpoint, self.label_set = checkpoint, checkpoint.label_set
        self.input_size = checked_input_size(input_size or checkpoint.input_size)
        self.engine, device = choose_engine(engine, engine_provider, device)
        self.device = resolve_device(device)
        _set_threads(threads)
        self.half = self.device.type == 'cuda' and self.engine.name == 'torch' and (
            half_is_fast(self.device) if half is None else bool(half))
        network = self._build_network(_loaded(semantic_checkpoint), half)
        self._engine: EagerEngine | None = build_engine(
            cuda_graphs, network, checkpoint.mean, checkpoint.std, self.label_set.ids,
            self.device, self.half, checkpoint.method, checkpoint.group_channels)
        self._to_map = InstanceMapBuilder(self.label_set, Confidence(
            checkpoint.confidence, self.label_set.names, checkpoint.method))
        # Re-entrant: a signal handler closes the segmenter in the middle of its thread's own call.
        self._in_use, self._changing = threading.RLock(), threading.Lock()
        self._settings = SegmenterSettings({}, {}, {}, self.label_set.thing_indices)
        self.configure(bandwidth=checkpoint.bandwidths)
        self.configure(bandwidth=bandwidth, classes=classes, score_threshold=score_threshold,
                       min_area=min_area)

    @classmethod
    def from_checkpoint(cls, path: Path | str | None = None,
                        **options: Any) -> 'InstanceSegmenter':
        """Load a checkpoint file (the shipped one when none is given); options of __init__."""
        return cls(Checkpoint.load(path or default_checkpoint()), **options)

    @property
    def settings(self) -> SegmenterSettings:
        """The settings the next image will be processed with."""
        return self._settings

    def configure(self, bandwidth: float | dict | None = None,
                  classes: Sequence[str] | None = None,
                  score_threshold: float | dict | None = None,
                  min_area: int | dict | None = None) -> None:
        """Change settings, all or none; None leaves one as it is.

        Raises UserError and keeps the old settings when a value is out of range.
        """
        with self._changing:
            self._settings = self._settings.changed(
                self.label_set, bandwidth, classes, score_threshold, min_area)

    @overload
    def __call__(self, images: np.ndarray) -> InstanceMap: ...

    @overload
    def __call__(self, images: Sequence[np.ndarray]) -> list[InstanceMap]: ...

    def __call__(
            self, images: np.ndarray | Sequence[np.ndarray]) -> InstanceMap | list[InstanceMap]:
        """Segment one RGB image, uint8 (H, W, 3), or a batch of them of any sizes.

        Returns an InstanceMap of the image's size, or a list of them.
        """
        if isinstance(images, np.ndarray):
            return self([images])[0]
        if not images:
            return []
        for image in images:
            _check_image(image)
        with self._open_engine() as engine:
            return self._run(engine, images, self._settings)

    def network_size(self, image: np.ndarray) -> tuple[int, int]:
        """Return the (width, height) at which the network sees an image or map (H, W, ...)."""
        return network_size(self.input_size, image.shape[1::-1])

    def warm_up(self, batch_size: int = 1,
                image_size: tuple[int, int] = (1280, 720)) -> None:
        """Segment black images, so that the first real ones find everything in place.

        On CUDA this is where graphs are captured. A call with more than `batch_size` images is
        processed in parts, one with fewer is padded.

        Args:
            batch_size: the largest that will come.
            image_size: (width, height) of the images, whose aspect the width of the network's
                input may follow.

        Raises:
            DeviceError: when the device fails, or a graph cannot be captured.
        """
        width, height = network_size(self.input_size, image_size)
        black = np.zeros((height, width, 3), np.uint8)
        with self._open_engine() as engine:
            engine.prepare(batch_size, (height, width))
        self([black] * batch_size)

    def close(self) -> None:
        """Free the network and its device memory; waits for a call in progress."""
        with self._in_use:
            if self._engine is not None:
                self._engine.close()
                self._engine = None
                if self.device.type == 'cuda':
                    with capture_lock():
                        torch.cuda.empty_cache()

    def infer(self, images: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Return class logits and embeddings for images that the network sees at one size."""
        with self._open_engine() as engine:
            return engine.infer(self._scaled(images))

    def find(self, images: Sequence[np.ndarray]) -> list[ClusterArrays]:
        """Return classes and clusters at the network's size, before any score or threshold."""
        with self._open_engine() as engine:
            return self._find(engine, images, self._settings, {})

    @contextmanager
    def _open_engine(self) -> Iterator[EagerEngine]:
        """Have the engine for a call, alone."""
        with self._in_use, torch.inference_mode():
            if self._engine is None:
                raise RuntimeError('The segmenter is closed; create a new one.')
            yield self._engine

    def _run(self, engine: EagerEngine, images: Sequence[np.ndarray],
             settings: SegmenterSettings) -> list[InstanceMap]:
        timings = dict.fromkeys(SEGMENTER_STAGES, 0.0)
        found = self._find(engine, images, settings, timings)
        start = time.perf_counter()
        maps = [self._to_map(one, settings, timings) for one in found]
        timings['masks'] = (time.perf_counter() - start) * 1e3
        return maps

    def _find(self, engine: EagerEngine, images: Sequence[np.ndarray],
              settings: SegmenterSettings, timings: dict) -> list[ClusterArrays]:
        found: dict[int, ClusterArrays] = {}
        for group in group_by_size([self.network_size(image) for image in images]):
            same = self._find_same(engine, [images[k] for k in group], settings, timings)
            found.update(zip(group, same, strict=True))
        return [found[k] for k in range(len(images))]

    def _find_same(self, engine: EagerEngine, images: Sequence[np.ndarray],
                   settings: SegmenterSettings, timings: dict) -> list[ClusterArrays]:
        """Find the clusters of images that the network sees at one size."""
        start = time.perf_counter()
        scaled = self._scaled(images)
        spent = (time.perf_counter() - start) * 1e3
        timings['preprocess'] = timings.get('preprocess', 0.) + spent
        sizes = [image.shape[1::-1] for image in images]
        return engine(scaled, sizes, settings.thing_bandwidths, settings.things, timings)

    def _scaled(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Bring images to the network's size: uint8 (N, H, W, 3)."""
        return np.stack([resize_image(image, self.network_size(image)) for image in images])

    def _build_network(self, semantic: Checkpoint | None,
                       half: bool | None) -> nn.Module | NetworkRuntime:
        """Return the network on the device, in PyTorch or in the chosen runtime."""
        network = build_pipeline(self.checkpoint, semantic)
        if self.engine.name == 'torch':
            return place_network(network, self.device, self.half)
        exported = ExportedNetwork(network, self.checkpoint, semantic)
        return build_runtime(self.engine, exported, self.device, half)


def _check_image(image: np.ndarray) -> None:
    good = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3
    if not good or image.shape[2] != 3 or not image.size:
        found = f'{getattr(image, "dtype", type(image).__name__)} {getattr(image, "shape", "")}'
        raise UserError(f'An image must be RGB, uint8 (H, W, 3), not {found}.')


def _set_threads(threads: int | None) -> None:
    if threads is not None and threads < 0:
        raise UserError(f"threads must be >= 0 (0: PyTorch's default), not {threads}.")
    if threads:
        torch.set_num_threads(int(threads))


def _loaded(checkpoint: Checkpoint | Path | str | None) -> Checkpoint | None:
    return Checkpoint.load(checkpoint) if isinstance(checkpoint, str | Path) else checkpoint
