# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which engine runs which network on which device."""

import numpy as np
import torch
from torch import nn

from ..core.errors import UserError
from .class_groups import Groups
from .cuda_graph_engine import CudaGraphEngine
from .eager_engine import EagerEngine
from .engine_choice import EngineChoice
from .exported_network import ExportedNetwork
from .network_runtime import NetworkRuntime
from .runtime_engine import RuntimeEngine
from .segmenter_settings import CUDA_GRAPHS


def build_engine(cuda_graphs: str, network: nn.Module | NetworkRuntime, mean: tuple[float, ...],
                 std: tuple[float, ...], label_ids: np.ndarray, device: torch.device,
                 half: bool, method: str = 'mean_shift', groups: Groups = ()) -> EagerEngine:
    """Return the engine of a device: fixed shapes on CUDA, dynamic ones elsewhere.

    What a `NetworkRuntime` computes is clustered with dynamic shapes everywhere.

    Args:
        cuda_graphs: one of `CUDA_GRAPHS`.
        network, mean, std, label_ids, device, half, method, groups: as for `EagerEngine`.

    Raises:
        UserError: for another value of cuda_graphs.
    """
    if cuda_graphs not in CUDA_GRAPHS:
        raise UserError(f'Unknown value {cuda_graphs!r} of cuda_graphs; available: '
                        f'{", ".join(CUDA_GRAPHS)}.')
    arguments = network, mean, std, label_ids, device, half, method, groups
    if isinstance(network, NetworkRuntime):
        return RuntimeEngine(*arguments)
    if device.type == 'cuda':
        return CudaGraphEngine(*arguments, cuda_graphs=cuda_graphs == 'auto')
    return EagerEngine(*arguments)


def build_runtime(choice: EngineChoice, exported: ExportedNetwork, device: torch.device,
                  half: bool | None) -> NetworkRuntime:
    """Return what computes the network in place of PyTorch.

    Args:
        choice: of OpenVINO or ONNX Runtime.
        exported: the network.
        device: of its inputs and outputs.
        half: allow 16 bit; None: where that is usual.

    Raises:
        UserError: when the installed package lacks the provider.
    """
    if choice.name == 'openvino':
        from .openvino_runtime import OpenVinoRuntime
        return OpenVinoRuntime(exported, choice.provider, half)
    from .onnx_runtime import OnnxRuntime
    return OnnxRuntime(exported, choice.provider, device, half)
