# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files with tensors; the format is detected from the first bytes, not from the name."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ...core.errors import UserError
from .mxnet_params import LIST_MAGIC, read_params

_MOST_UNPACKED = 8
_DEEPEST = 4
_NESTS = ('state_dict', 'model_state_dict', 'model', 'network', 'net', 'weights')
# What a pickled numpy scalar is made with, such as a score stored with the weights.
_SCALARS = ('numpy.dtype', 'numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar')


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
    if start.startswith(b'version https://'):
        raise UserError(f'{path} is a git-lfs pointer, not the weights; run `git lfs pull`.')
    _check_archive(path)
    return _read_torch(path)


def _check_archive(path: Path) -> None:
    """Refuse a zip archive that unpacks to far more than it is: torch does not compress."""
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise UserError(f'{path} is a damaged PyTorch file: {error}.') from error
    if size > _MOST_UNPACKED * max(path.stat().st_size, 1 << 20):
        raise UserError(f'{path} would be unpacked to {size >> 20} MiB; PyTorch itself does not '
                        'compress weights. Save the state_dict() again.')


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (SafetensorError, ValueError) as error:
        raise UserError(f'{path} is not a readable safetensors file: {error}.') from error


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        with _without_scalars(), warnings.catch_warnings():
            warnings.simplefilter('ignore')     # about what is refused anyway
            content = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # the parser of foreign bytes raises whatever comes up
        raise UserError(
            f'{path} is no MXNet .params file, no safetensors file and no PyTorch file of plain '
            "tensors; save the network's state_dict() instead of the network.") from error
    tensors = _state_dict(content)
    if not tensors:
        raise UserError(f'{path} contains no named tensors; save a state_dict().')
    return tensors


class _Ignored:
    """Takes the place of what a file would make: nothing of numpy is called for it."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def _without_scalars() -> AbstractContextManager:
    """Let torch pass over numpy scalars; those versions that cannot refuse them as before."""
    if not hasattr(torch.serialization, 'safe_globals'):
        return nullcontext()
    return torch.serialization.safe_globals([
        type(name, (_Ignored,), {'__module__': module})
        for module, _, name in (path.rpartition('.') for path in _SCALARS)])


def _is_plain(value: Any) -> bool:
    """Whether it is a dense tensor of numbers with values: no sparse, meta or quantised one."""
    return (isinstance(value, Tensor) and value.layout is torch.strided and not value.is_quantized
            and not value.is_complex() and value.device.type == 'cpu')


def _state_dict(content: Any, depth: int = 0) -> dict[str, Tensor]:
    """Return the tensors of the first usual key that has some, or of the mapping itself."""
    if not isinstance(content, Mapping) or depth > _DEEPEST:     # one may contain itself
        return {}
    nests = (_state_dict(content[key], depth + 1) for key in _NESTS if key in content)
    tensors = {str(k): v.detach() for k, v in content.items() if _is_plain(v)}
    return next((found for found in nests if found), tensors)
