# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which software computes the network, and on which of its devices."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from ..core.errors import UserError

ENGINES = ('auto', 'torch', 'openvino', 'onnxruntime')
"""`auto`: OpenVINO on a CPU where it is installed, otherwise PyTorch."""
PROVIDERS = {'torch': (), 'openvino': ('cpu', 'gpu', 'npu'),
             'onnxruntime': ('cpu', 'cuda', 'tensorrt')}
"""Devices of each engine, in its own terms; PyTorch's are the devices of the segmenter."""
PROVIDER_CHOICES = ('auto', *dict.fromkeys(sum(PROVIDERS.values(), ())))
PACKAGES = {'torch': (), 'openvino': ('openvino', 'onnx'), 'onnxruntime': ('onnxruntime', 'onnx')}
"""What each engine imports in addition; the export of the network needs onnx."""
_ON_CUDA = ('cuda', 'tensorrt')


class EngineChoice(NamedTuple):
    """Name of an engine and of its provider, `auto` left only for what the packages decide."""

    name: str
    provider: str


def choose_engine(engine: str, provider: str, device: str) -> tuple[EngineChoice, str]:
    """Check the choice against device and installed packages.

    Args:
        engine: one of `ENGINES`.
        provider: `auto`, or one of the engine's.
        device: of the segmenter: `auto`, `cpu`, `cuda` or `cuda:N`.

    Returns:
        The choice, and the device for everything but the network.

    Raises:
        UserError: when they contradict each other, or a package is missing.
    """
    _require('engine', engine, ENGINES)
    if engine == 'auto':
        engine = _best_engine(device)
    _require('engine_provider', provider, ('auto', *PROVIDERS[engine]), f' for engine {engine}')
    missing = missing_packages(engine)
    if missing:
        raise UserError(f'engine {engine} needs Python packages that are not installed: '
                        f'{", ".join(missing)}. Install them with `pip install '
                        f'{" ".join(missing)}`, or set engine: torch.')
    return EngineChoice(engine, provider), _device(engine, provider, device)


def missing_packages(engine: str) -> list[str]:
    """Return which packages an engine needs and are not installed."""
    return [name for name in PACKAGES[engine] if find_spec(name) is None]


def _best_engine(device: str) -> str:
    import torch

    on_cpu = device == 'cpu' or (device == 'auto' and not torch.cuda.is_available())
    return 'openvino' if on_cpu and not missing_packages('openvino') else 'torch'


def _device(engine: str, provider: str, device: str) -> str:
    """Return the device for the clustering."""
    on_cuda = device.startswith('cuda')
    if engine == 'torch' or (engine == 'onnxruntime' and provider == 'auto'):
        return device
    if provider in _ON_CUDA:
        if device == 'cpu':
            raise UserError(f'engine_provider {provider} needs a CUDA device, not device cpu; '
                            'set device: auto.')
        return device if on_cuda else 'cuda'
    if on_cuda:
        raise UserError(f'engine {engine} with engine_provider {provider} does not run on device '
                        f'{device}; set device: cpu.')
    return 'cpu'


def _require(name: str, value: str, choices: tuple[str, ...], where: str = '') -> None:
    if value not in choices:
        raise UserError(f'Unknown {name} {value!r}{where}; available: {", ".join(choices)}.')
