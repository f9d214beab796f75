# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files that hold tensors: which kind one is shows in its first bytes, not in its name."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ..errors import UserError
from .mxnet_params import LIST_MAGIC, read_params

_NESTS = ('state_dict', 'model_state_dict', 'model', 'network', 'net', 'weights')


def read_tensors(path: Path | str) -> dict[str, Tensor]:
    """Read an MXNet .params file, a PyTorch state dict (no code is run) or safetensors.

    A state dict may lie under a usual key such as `state_dict`. Raises UserError.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f'There is no file {path}; give the path of the weights.')
    with open(path, 'rb') as file:
        start = file.read(16)
    if start[:8] == LIST_MAGIC.to_bytes(8, 'little'):
        return {name: torch.from_numpy(a.copy()) for name, a in read_params(path).items()}
    if start[8:9] == b'{':
        return _read_safetensors(path)
    return _read_torch(path)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (SafetensorError, ValueError) as error:
        raise UserError(f'{path} is not a readable safetensors file: {error}.') from error


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(
            f'{path} is no MXNet .params file, no safetensors file and no PyTorch file of plain '
            "tensors; save the network's state_dict() instead of the network.") from error
    tensors = _state_dict(content)
    if not tensors:
        raise UserError(f'{path} holds no tensors by name; save a state_dict().')
    return tensors


def _state_dict(content) -> dict[str, Tensor]:
    """Return the tensors of a mapping, or of the first usual key in it that has some."""
    if not isinstance(content, Mapping):
        return {}
    tensors = {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
    nests = (_state_dict(content[key]) for key in _NESTS if key in content)
    return tensors or next((found for found in nests if found), {})
