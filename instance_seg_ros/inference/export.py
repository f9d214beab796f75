# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Export of a checkpoint as ONNX, checked against PyTorch before the file appears."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import torch
from torch import nn

from ..core.atomic_file import atomic_path
from ..core.errors import UserError
from .checkpoint import Checkpoint

OUTPUTS = {'both': ('class_logits', 'embeddings'), 'semantic': ('class_logits',),
           'embedding': ('embeddings',)}


def export_onnx(checkpoint: Checkpoint, path: Path | str, size: tuple[int, int] | None = None,
                dynamic_batch: bool = False) -> dict[str, tuple[float, float]]:
    """Write the network as ONNX and run it in ONNX Runtime on random images.

    The input `images` is float32 (N, 3, H, W), normalised as the file's metadata describe under
    `instance_seg_ros`, together with the label set.

    Args:
        checkpoint: to export.
        path: of the file, which appears only after it has been checked.
        size: (width, height) of the images; the checkpoint's by default.
        dynamic_batch: any number of images instead of one.

    Returns:
        For each output the largest difference from PyTorch and the largest absolute value.
    """
    width, height = size or checkpoint.input_size
    if not width:
        raise UserError('The input width of this checkpoint follows the camera; name the size '
                        'of the images with --size WxH.')
    images = torch.randn(2 if dynamic_batch else 1, 3, height, width)
    network = checkpoint.build()
    program = _export(network, images, OUTPUTS[checkpoint.task], dynamic_batch)
    program.model.metadata_props['instance_seg_ros'] = json.dumps(
        {**checkpoint.facts(), 'input_size': (width, height)})
    with atomic_path(Path(path)) as part:
        program.save(part)
        return _compare(network, part, images, OUTPUTS[checkpoint.task])


def _export(network: nn.Module, images: torch.Tensor, outputs: tuple[str, ...], dynamic: bool):
    shapes = ({0: torch.export.Dim('batch', min=1)},) if dynamic else None
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.inference_mode(False):
        warnings.simplefilter('ignore')   # of the exporter, about itself
        return torch.onnx.export(network, (images,), input_names=['images'], verbose=False,
                                 output_names=outputs, dynamic_shapes=shapes, dynamo=True)


def _compare(network: nn.Module, path: Path, images: torch.Tensor, names: tuple[str, ...]):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    with torch.inference_mode():
        wanted = network(images)
    got = (torch.from_numpy(x) for x in session.run(names, {'images': images.numpy()}))
    return {name: (float((a - b).abs().max()), float(a.abs().max()))
            for name, a, b in zip(names, wanted, got, strict=True)}
