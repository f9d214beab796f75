# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A network as ONNX for one input size, made on first use and kept in the user's cache."""

from __future__ import annotations

import hashlib
import json

import torch
from torch import Tensor, nn

from ..core.user_cache import cached_bytes
from ..networks.folding import fold_norms
from .checkpoint import Checkpoint
from .export import OPSET, OUTPUTS, onnx_bytes

VERSION = 2
"""To be raised when the exported form changes."""


class ExportedNetwork:
    """A network that runtimes read as ONNX, channels last: images (1, H, W, 3), outputs alike."""

    def __init__(self, network: nn.Module, *checkpoints: Checkpoint | None):
        """Take a network on the CPU, to be folded in place, and the checkpoints it is of."""
        self._network, self._key = fold_norms(network), _key(checkpoints)

    def onnx(self, shape: tuple[int, int]) -> bytes:
        """Return the network for images of shape (H, W); takes seconds the first time."""
        height, width = shape
        return cached_bytes(f'{self._key}-{width}x{height}.onnx', lambda: onnx_bytes(
            _ChannelsLast(self._network), torch.zeros(1, height, width, 3), OUTPUTS['both']))


class _ChannelsLast(nn.Module):
    """A network with channels last at both ends, as runtimes compute convolutions."""

    def __init__(self, network: nn.Module):
        """Take a network of two outputs."""
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map (N, H, W, 3) to (N, H, W, C) for each output."""
        return tuple(output.permute(0, 2, 3, 1)
                     for output in self.network(images.permute(0, 3, 1, 2)))


def _key(checkpoints: tuple[Checkpoint | None, ...]) -> str:
    """Name what the exported file depends on: weights, network and the form of the export."""
    given = [one for one in checkpoints if one is not None]
    facts = [(one.network, one.task, one.options, one.embedding_dims, one.method)
             for one in given]
    text = json.dumps([VERSION, OPSET, torch.__version__, facts], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return '-'.join([*(one.checksum for one in given), digest])
