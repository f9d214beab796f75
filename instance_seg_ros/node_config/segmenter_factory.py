# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The segmenter built from the node's parameters."""

from __future__ import annotations

import functools
import hashlib
import sys
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from ..core.labels import LabelSet
from ..inference.input_size import size_text
from .parameter_rules import per_class
from .parameters import NodeSettings

_DEVICE_ERRORS = ('OutOfMemoryError', 'AcceleratorError', 'DeviceError')
_DEVICE_WORDS = ('cuda', 'cudnn', 'cublas', 'out of memory', 'device-side')


def load_segmenter(settings: NodeSettings, device: str) -> Any:
    """Load an InstanceSegmenter; raises UserError for parameters that do not fit it."""
    from ..inference.segmenter import (
        InstanceSegmenter,  # torch takes seconds: not before configure
    )
    _check_sha256(_path(settings.checkpoint), settings.checkpoint_sha256)
    segmenter = InstanceSegmenter.from_checkpoint(
        _path(settings.checkpoint), device=device,
        input_size=settings.input_size if any(settings.input_size) else None,
        half={'auto': None, 'on': True, 'off': False}[settings.half],
        threads=_threads(settings.threads),
        semantic_checkpoint=_path(settings.semantic_checkpoint),
        cuda_graphs=settings.cuda_graphs, engine=settings.engine,
        engine_provider=_provider(settings, device))
    try:
        tune(segmenter, settings)
    except Exception:
        segmenter.close()
        raise
    return segmenter


def _provider(settings: NodeSettings, device: str) -> str:
    """Return the provider; `auto` where `on_device_error` replaced a GPU by the CPU."""
    replaced = device == 'cpu' and settings.device != 'cpu'
    on_gpu = settings.engine_provider in ('cuda', 'tensorrt')
    return 'auto' if replaced and on_gpu else settings.engine_provider


def _check_sha256(path: Path | None, expected: str) -> None:
    """Raise UserError where the weights are not the file that the parameters name."""
    if not expected:
        return
    from ..inference.checkpoint import default_checkpoint, weights_file
    path = weights_file(path) if path else default_checkpoint()
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f'Cannot read {path}: {error.strerror}.') from error
    if found != expected.lower():
        raise UserError(f'{path} has the SHA-256 {found}, not that of checkpoint_sha256; give the '
                        'file that was released, or change the parameter.')


def _threads(asked: int) -> int | None:
    """Return the number to set, None to keep it; 0 restores the default of PyTorch."""
    import torch
    usual = _usual_threads()
    return asked or (None if torch.get_num_threads() == usual else usual)


@functools.cache
def _usual_threads() -> int:
    """Return the default of PyTorch; to be called before another number is set."""
    import torch
    return torch.get_num_threads()


def tune(segmenter: Any, settings: NodeSettings) -> None:
    """Set thresholds, classes and bandwidths, all or (UserError) none."""
    labels = segmenter.label_set
    segmenter.configure(
        bandwidth=_bandwidths(segmenter, settings),
        classes=settings.classes,
        score_threshold=_by_class(labels, settings.score_threshold,
                                  settings.class_score_thresholds, 'class_score_thresholds'),
        min_area=_by_class(labels, settings.min_area, settings.class_min_areas,
                           'class_min_areas'))


def _bandwidths(segmenter: Any, settings: NodeSettings) -> dict[str, float]:
    trained = segmenter.checkpoint.bandwidths
    asked = dict.fromkeys(trained, settings.bandwidth) if settings.bandwidth else trained
    return asked | per_class(settings.class_bandwidths, 'class_bandwidths')


def _by_class(labels: LabelSet, default: float, entries: tuple[str, ...],
              name: str) -> dict[str, float]:
    things = {labels.labels[k].name: default for k in labels.thing_indices}
    return things | per_class(entries, name)


def is_device_error(error: BaseException) -> bool:
    """Return whether an error was raised by the device, not by a defect of the program."""
    if any(kind.__name__ in _DEVICE_ERRORS for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(
        word in str(error).lower() for word in _DEVICE_WORDS)


def is_device_lost(error: BaseException, device: str) -> bool:
    """Return whether a device error has left the device useless for this process.

    Probes a CUDA device unless the error says so itself; takes up to ten seconds.
    """
    if getattr(error, 'process_lost', False):
        return True
    if device == 'auto':
        import torch
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    if not device.startswith('cuda'):
        return False
    from ..inference.device_probe import device_answers
    return not device_answers(device)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, its class name where it is empty."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def describe(segmenter: Any) -> dict[str, str]:
    """Return the facts about a segmenter for the diagnostics."""
    checkpoint = segmenter.checkpoint
    return {'model': checkpoint.network, 'label_set': segmenter.label_set.name,
            'checksum': checkpoint.checksum, 'device': str(segmenter.device),
            'engine': segmenter.engine.name, 'input_size': size_text(segmenter.input_size)}


def gpu_memory(segmenter: Any) -> dict[str, str]:
    """Return the GPU memory of a segmenter's process in MiB; nothing on a CPU."""
    torch = sys.modules.get('torch')
    if torch is None or not str(segmenter.device).startswith('cuda'):
        return {}
    try:
        allocated = torch.cuda.memory_allocated(segmenter.device)
        reserved = torch.cuda.memory_reserved(segmenter.device)
    except RuntimeError:                # the device is lost
        return {}
    return {'gpu_memory_mb allocated': f'{allocated / 2**20:.0f}',
            'gpu_memory_mb reserved': f'{reserved / 2**20:.0f}'}


def _path(text: str) -> Path | None:
    """Return the path of a parameter, `~` expanded; None where it is empty."""
    return Path(text).expanduser() if text else None
