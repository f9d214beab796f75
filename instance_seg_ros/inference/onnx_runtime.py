# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network in ONNX Runtime: TensorRT, CUDA or CPU.

On a GPU the runtime reads and writes the memory of PyTorch's tensors there, so nothing passes
through the host. (That path has not been run on a GPU yet.)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..core.errors import UserError
from ..core.user_cache import writable_folder
from .exported_network import ExportedNetwork
from .network_runtime import NetworkRuntime

_NAMES = {'cpu': 'CPUExecutionProvider', 'cuda': 'CUDAExecutionProvider',
          'tensorrt': 'TensorrtExecutionProvider'}


class OnnxRuntime(NetworkRuntime):
    """Runs a session for each input size, with as many threads as PyTorch."""

    def __init__(self, exported: ExportedNetwork, provider: str, device: torch.device,
                 half: bool | None = None):
        """Choose the provider.

        Args:
            exported: the network.
            provider: `cpu`, `cuda` or `tensorrt`; `auto`: the best that this ONNX Runtime has for
                the device.
            device: of images and outputs.
            half: build TensorRT engines in 16 bit, by default.

        Raises:
            UserError: when the installed ONNX Runtime lacks the provider.
        """
        import onnxruntime

        super().__init__(exported)
        self._onnxruntime, self._device = onnxruntime, device
        found = [name for name, full in _NAMES.items()
                 if full in onnxruntime.get_available_providers()]
        usable = [name for name in found if (name == 'cpu') == (device.type == 'cpu')]
        wanted = usable[-1:] if provider == 'auto' else [provider]
        if not set(wanted) & set(usable):
            raise UserError(f'This ONNX Runtime has no provider {" or ".join(wanted) or "cuda"} '
                            f'for device {device}; available: {", ".join(found)}. The package '
                            'onnxruntime-gpu has cuda and tensorrt.')
        self._providers = _providers(wanted[0], device, half is not False)

    def compile(self, model: bytes) -> Any:
        """Return a session; UserError where ONNX Runtime falls back to another provider."""
        options = self._onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # PyTorch's clustering takes turns with the network on the same cores.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        session = self._onnxruntime.InferenceSession(model, options, providers=self._providers)
        wanted, got = self._providers[0][0], session.get_providers()[0]
        if got != wanted:
            raise UserError(f'ONNX Runtime runs the network on {got}, not {wanted}: its log says '
                            'which library is missing. Set another engine_provider.')
        return session

    def channels(self, compiled: Any) -> list[int]:
        """Return the channels of each output."""
        return [output.shape[3] for output in compiled.get_outputs()]

    def compute(self, compiled: Any, image: Tensor, outputs: list[Tensor]) -> None:
        """Fill outputs (1, H, W, C) from an image (1, H, W, 3), all on the device."""
        binding = compiled.io_binding()
        binding.bind_input(compiled.get_inputs()[0].name, *_memory(image))
        for named, output in zip(compiled.get_outputs(), outputs, strict=True):
            binding.bind_output(named.name, *_memory(output))
        if self._device.type == 'cuda':         # the session has a stream of its own
            torch.cuda.current_stream(self._device).synchronize()
        compiled.run_with_iobinding(binding)
        binding.synchronize_outputs()


def _memory(values: Tensor) -> tuple:
    """Describe the memory of a float32 tensor as ONNX Runtime binds it."""
    import numpy as np

    return (values.device.type, values.device.index or 0, np.float32, tuple(values.shape),
            values.data_ptr())


def _providers(name: str, device: torch.device, half: bool) -> list[tuple[str, dict]]:
    """Return a provider and those that compute what it cannot, with their options."""
    on_device = {'device_id': device.index or 0}
    options = {'tensorrt': {**on_device, 'trt_fp16_enable': half}, 'cuda': on_device, 'cpu': {}}
    folder = writable_folder('tensorrt') if name == 'tensorrt' else None
    if folder is not None:
        for cache in ('engine', 'timing'):
            options['tensorrt'] |= {f'trt_{cache}_cache_enable': True,
                                    f'trt_{cache}_cache_path': str(folder)}
    order = ('tensorrt', 'cuda', 'cpu')
    return [(_NAMES[one], options[one]) for one in order[order.index(name):]]
