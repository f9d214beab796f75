# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Export of a network as ONNX; `export_onnx` checks it against PyTorch."""

from __future__ import annotations

import inspect
import io
import json
import threading
import warnings
from pathlib import Path

import torch
from torch import nn

from ..core.atomic_file import atomic_path
from ..core.errors import UserError
from .checkpoint import Checkpoint

OUTPUTS = {'both': ('class_logits', 'embeddings'), 'semantic': ('class_logits',),
           'embedding': ('embeddings',)}
OPSET = 17
_EXPORTER = threading.Lock()
"""PyTorch's exporter has a state for the whole process."""


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
    import onnx

    width, height = size or checkpoint.input_size
    if not width:
        raise UserError('The input width of this checkpoint follows the camera; name the size '
                        'of the images with --size WxH.')
    images = torch.randn(2 if dynamic_batch else 1, 3, height, width)
    network, names = checkpoint.build(), OUTPUTS[checkpoint.task]
    model = onnx.load_from_string(onnx_bytes(network, images, names, dynamic_batch))
    onnx.helper.set_model_props(model, {'instance_seg_ros': json.dumps(
        {**checkpoint.facts(), 'input_size': (width, height)})})
    with atomic_path(Path(path)) as part:
        onnx.save(model, part)
        return _compare(network, part, images, names)


def onnx_bytes(network: nn.Module, images: torch.Tensor, names: tuple[str, ...],
               dynamic_batch: bool = False) -> bytes:
    """Return a network as ONNX; UserError where the package for it is missing.

    The exporter is the one that traces: the newer one takes several times as long, needs more
    packages, and is not in every PyTorch that the node runs on.

    Args:
        network: in evaluation mode, on the CPU.
        images: an example of the input.
        names: of the outputs.
        dynamic_batch: any number of images instead of that of the example.
    """
    axes = {name: {0: 'batch'} for name in ('images', *names)} if dynamic_batch else None
    newer = 'dynamo' in inspect.signature(torch.onnx.export).parameters
    file = io.BytesIO()
    with _EXPORTER, warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter('ignore')   # of the exporter, about itself and about fixed sizes
        try:
            torch.onnx.export(network, (images,), file, input_names=['images'],
                              output_names=list(names), dynamic_axes=axes, opset_version=OPSET,
                              **({'dynamo': False} if newer else {}))
        except torch.onnx.errors.OnnxExporterError as error:
            raise UserError(f'The export of the network failed: {error} It needs the Python '
                            'package onnx: pip install onnx.') from error
    return file.getvalue()


def _compare(network: nn.Module, path: Path, images: torch.Tensor,
             names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    with torch.inference_mode():
        wanted = network(images)
    got = (torch.from_numpy(x) for x in session.run(names, {'images': images.numpy()}))
    return {name: (float((a - b).abs().max()), float(a.abs().max()))
            for name, a, b in zip(names, wanted, got, strict=True)}
