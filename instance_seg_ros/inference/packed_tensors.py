# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Named tensors in one block of bytes, so that one copy brings them all to the host."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """Where each tensor lies in a block: name -> (offset in bytes, dtype, shape)."""

    entries: dict[str, tuple[int, np.dtype, tuple[int, ...]]]
    size: int

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> 'Layout':
        """Plan a block for tensors of these dtypes and shapes; wide elements first (alignment)."""
        entries, offset = {}, 0
        for name, tensor in _ordered(tensors):
            dtype = torch.empty((), dtype=tensor.dtype).numpy().dtype
            entries[name] = offset, dtype, tuple(tensor.shape)
            offset += tensor.numel() * dtype.itemsize
        return cls(entries, offset)

    def unpack(self, block: np.ndarray) -> dict[str, np.ndarray]:
        """Return views of a block of bytes, uint8 (size,), by name."""
        return {name: np.ndarray(shape, dtype, block, offset)
                for name, (offset, dtype, shape) in self.entries.items()}


def pack(tensors: Mapping[str, Tensor]) -> Tensor:
    """Copy tensors into one block, uint8 (size,), as `Layout.of` plans it."""
    return torch.cat([_bytes_of(tensor) for _, tensor in _ordered(tensors)])


def _ordered(tensors: Mapping[str, Tensor]) -> list[tuple[str, Tensor]]:
    return sorted(tensors.items(), key=lambda item: -item[1].element_size())


def _bytes_of(tensor: Tensor) -> Tensor:
    return tensor.contiguous().flatten().view(torch.uint8)
