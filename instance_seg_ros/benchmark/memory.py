# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Memory over many frames: it must not grow after the first hundred."""

from __future__ import annotations

import argparse
import gc

import torch
from tqdm import tqdm

from ..inference.segmenter import InstanceSegmenter
from .arguments import add_common_arguments, prepare, settings
from .frames import add_frame_arguments, add_input_size, load_checkpoint, load_frames
from .measure import huge_pages, resident_memory
from .report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--after', type=int, nargs='+', default=[100, 1000, 10_000],
                        metavar='N', help='measure after so many frames')
    add_frame_arguments(parser)
    add_input_size(parser)
    add_common_arguments(parser, 1)


def run(args: argparse.Namespace) -> Report:
    """Segment frames and measure the memory at intervals."""
    device = prepare(args)
    frames, (checkpoint, remark) = load_frames(args), load_checkpoint(args)
    segmenter, rows = InstanceSegmenter(checkpoint, str(device), args.input_size), []
    for k in tqdm(range(max(args.after)), 'frames', leave=False, disable=None):
        segmenter(frames[k % len(frames)])
        if k + 1 in args.after:
            rows.append(_row(k + 1, device))
    return Report('memory', ('frames',), over_first(rows), settings(args), [remark])


def over_first(rows: list[dict]) -> list[dict]:
    """Add to each row its memory over that of the first."""
    return [{**row, 'over_first': row['resident_mb'] / rows[0]['resident_mb']} for row in rows]


def _row(frames: int, device: torch.device) -> dict:
    gc.collect()
    on_gpu = torch.cuda.memory_reserved(device) / 1e6 if device.type == 'cuda' else None
    return {'frames': frames, 'resident_mb': resident_memory(), 'huge_pages_mb': huge_pages(),
            'gpu_mb': on_gpu}
