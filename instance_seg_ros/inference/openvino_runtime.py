# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network in OpenVINO: Intel and other x86 CPUs, Intel's integrated GPUs and NPUs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..core.errors import UserError
from ..core.user_cache import writable_folder
from .exported_network import ExportedNetwork
from .network_runtime import NetworkRuntime


class OpenVinoRuntime(NetworkRuntime):
    """Infers one image at a time, with as many threads as PyTorch."""

    def __init__(self, exported: ExportedNetwork, provider: str = 'auto',
                 half: bool | None = None):
        """Choose the device.

        Args:
            exported: the network.
            provider: `cpu`, `gpu` or `npu`; `auto`: cpu.
            half: allow 16 bit; by default on GPU and NPU.

        Raises:
            UserError: when OpenVINO does not find such a device.
        """
        import openvino

        super().__init__(exported)
        self._openvino, self._core = openvino, openvino.Core()
        self._device = 'CPU' if provider == 'auto' else provider.upper()
        found = [name.partition('.')[0] for name in self._core.available_devices]
        if self._device not in found:
            raise UserError(f'OpenVINO finds no device {self._device} for engine_provider '
                            f'{provider}; available: {", ".join(sorted(set(found))).lower()}.')
        self._options: dict[str, str | int | bool] = {'PERFORMANCE_HINT': 'LATENCY'}
        if self._device == 'CPU':
            # Other processes share the cores of a robot: the system's scheduler places threads.
            self._options |= {'INFERENCE_NUM_THREADS': torch.get_num_threads(),
                              'ENABLE_CPU_PINNING': False}
        else:                                   # compiling takes long there
            folder = writable_folder('openvino')
            self._options |= {'CACHE_DIR': str(folder)} if folder else {}
        if half is False or (self._device == 'CPU' and not half):
            self._options['INFERENCE_PRECISION_HINT'] = 'f32'

    def compile(self, model: bytes) -> Any:
        """Return a request of the compiled model."""
        network = self._core.read_model(model)
        return self._core.compile_model(network, self._device,
                                        self._options).create_infer_request()

    def channels(self, compiled: Any) -> list[int]:
        """Return the channels of each output."""
        return [output.shape[3] for output in compiled.model_outputs]

    def compute(self, compiled: Any, image: Tensor, outputs: list[Tensor]) -> None:
        """Fill outputs (1, H, W, C) from an image (1, H, W, 3), both on the host."""
        compiled.set_input_tensor(0, self._shared(image))
        for number, output in enumerate(outputs):
            compiled.set_output_tensor(number, self._shared(output))
        compiled.infer()

    def _shared(self, values: Tensor) -> Any:
        return self._openvino.Tensor(values.numpy(), shared_memory=True)
