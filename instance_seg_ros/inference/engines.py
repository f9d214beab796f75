# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which engine runs on which device."""

import numpy as np
import torch
from torch import nn

from ..core.errors import UserError
from .cuda_graph_engine import CudaGraphEngine
from .eager_engine import EagerEngine
from .segmenter_settings import CUDA_GRAPHS


def build_engine(cuda_graphs: str, network: nn.Module, mean: tuple[float, ...],
                 std: tuple[float, ...], label_ids: np.ndarray, device: torch.device,
                 half: bool, method: str = 'mean_shift') -> EagerEngine:
    """Return the engine of a device: fixed shapes on CUDA, dynamic ones elsewhere.

    Args:
        cuda_graphs: one of `CUDA_GRAPHS`.
        network, mean, std, label_ids, device, half, method: as for `EagerEngine`.

    Raises:
        UserError: for another value of cuda_graphs.
    """
    if cuda_graphs not in CUDA_GRAPHS:
        raise UserError(f'Unknown value {cuda_graphs!r} of cuda_graphs; available: '
                        f'{", ".join(CUDA_GRAPHS)}.')
    arguments = network, mean, std, label_ids, device, half, method
    if device.type == 'cuda':
        return CudaGraphEngine(*arguments, cuda_graphs=cuda_graphs == 'auto')
    return EagerEngine(*arguments)
