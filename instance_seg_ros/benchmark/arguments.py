# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arguments that several benchmarks share."""

from __future__ import annotations

import argparse

import torch

from ..arguments import add_device_argument
from ..inference.devices import resolve_device


def add_common_arguments(parser: argparse.ArgumentParser, repeats: int):
    """Declare device, threads and repeats."""
    add_device_argument(parser)
    parser.add_argument('--threads', type=int, metavar='N', help='CPU threads of PyTorch')
    parser.add_argument('--repeats', type=int, default=repeats, metavar='N',
                        help=f'timed calls of each case (default {repeats})')


def prepare(args: argparse.Namespace) -> torch.device:
    """Set the threads and return the device."""
    if args.threads:
        torch.set_num_threads(args.threads)
    return resolve_device(args.device)


def settings(args: argparse.Namespace) -> dict:
    """Return what was asked for, as plain data."""
    return {name: value if isinstance(value, int | float | list | bool) else str(value)
            for name, value in vars(args).items() if value is not None and name != 'json'}


def half_or_float(device: torch.device) -> torch.dtype:
    """Return the precision networks run in: half on CUDA, float32 elsewhere."""
    return torch.float16 if device.type == 'cuda' else torch.float32
