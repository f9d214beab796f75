# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What computes an exported network: a base for OpenVINO and ONNX Runtime."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..core.errors import DeviceError, UserError
from .exported_network import ExportedNetwork


class NetworkRuntime:
    """Stands in for a network in an engine: normalised images in, logits and embeddings out.

    Images are computed one after the other, so one compiled network serves every batch.
    """

    def __init__(self, exported: ExportedNetwork):
        """Compile nothing yet."""
        self._exported = exported
        self._compiled: dict[tuple[int, int], Any] = {}

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (N, 3, H, W) to class logits (N, K, H, W) and embeddings (N, D, H, W).

        All are channels last. The runtime reads and writes the memory of the tensors.
        """
        images = batch.permute(0, 2, 3, 1).contiguous()                 # (N, H, W, 3)
        compiled = self.prepare(tuple(images.shape[1:3]))
        outputs = [torch.empty(len(images), *images.shape[1:3], channels, device=batch.device)
                   for channels in self.channels(compiled)]             # (N, H, W, K or D)
        for image, *results in zip(images, *outputs, strict=True):
            self.compute(compiled, image.unsqueeze(0), [one.unsqueeze(0) for one in results])
        return tuple(output.permute(0, 3, 1, 2) for output in outputs)

    def prepare(self, shape: tuple[int, int]) -> Any:
        """Export and compile for images of shape (H, W) unless that has been done.

        Raises:
            DeviceError: when the runtime does not take the network.
        """
        if shape not in self._compiled:
            try:
                self._compiled[shape] = self.compile(self._exported.onnx(shape))
            except UserError:
                raise
            except Exception as error:          # runtimes have no common base
                raise DeviceError(f'{type(self).__name__} cannot compile the network: '
                                  f'{error}') from error
        return self._compiled[shape]

    def compile(self, model: bytes) -> Any:
        """Return an ONNX model in the runtime's own form."""
        raise NotImplementedError

    def channels(self, compiled: Any) -> list[int]:
        """Return the channels of each output of what `compile` returned."""
        raise NotImplementedError

    def compute(self, compiled: Any, image: Tensor, outputs: list[Tensor]) -> None:
        """Fill outputs (1, H, W, C) from an image (1, H, W, 3)."""
        raise NotImplementedError
