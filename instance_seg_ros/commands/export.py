# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write a checkpoint as ONNX and check it against PyTorch in ONNX Runtime."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..arguments import image_size, result_file
from ..inference.checkpoint import Checkpoint

TOLERANCE = 1e-3   # of the largest value; float32 in another order of summation stays far below


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('checkpoint', type=Path, help='weights (.safetensors)')
    parser.add_argument('output', type=result_file, help='file to write (.onnx)')
    parser.add_argument('--size', type=image_size, metavar='WxH',
                        help="size of the images, such as 1024x512; the checkpoint's by default")
    parser.add_argument('--dynamic-batch', action='store_true',
                        help='any number of images at once instead of one')


def run(args: argparse.Namespace) -> int:
    """Export, print the largest difference of each output; 1 when one is too large."""
    from ..inference.export import export_onnx

    differences = export_onnx(Checkpoint.load(args.checkpoint), args.output, args.size,
                              args.dynamic_batch)
    print(f'{args.output}: {args.output.stat().st_size / 1e6:.1f} MB')
    good = True
    for name, (difference, largest) in differences.items():
        good &= difference <= TOLERANCE * max(largest, 1.0)
        print(f'{name}: differs from PyTorch by {difference:.2g} at most '
              f'(values up to {largest:.3g})')
    if not good:
        print('ONNX Runtime and PyTorch disagree; do not use this file.')
    return 0 if good else 1
