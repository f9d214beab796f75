# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Score a checkpoint: official Cityscapes AP, IoU of classes, baselines and where errors arise."""
from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `instance_seg evaluate`."""
    parser.add_argument('--dataset', required=True,
                        choices=('camvid', 'camvid-pasted', 'cityscapes', 'kitti-mots'))
    parser.add_argument('--data', type=Path, required=True, metavar='DIR')
    parser.add_argument('--split', default='val', help='train, val or test (default: val)')
    parser.add_argument('--checkpoint', type=Path, help='weights; the shipped ones by default')
    parser.add_argument('--input-size', metavar='WxH', help='size the network sees')
    parser.add_argument('--bandwidth', type=float, help='of the mean shift')
    parser.add_argument('--device', default='auto')
    parser.add_argument('--limit', type=int, metavar='N', help='score N frames, evenly spread')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the scores as data')


def run(args: argparse.Namespace) -> None:
    """Score and print; raises UserError for data or checkpoints that do not fit."""
    from ..evaluation.frames import open_frames
    from ..evaluation.report import table
    from ..evaluation.run import evaluate, to_dict
    from ..segmenter import InstanceSegmenter
    segmenter = InstanceSegmenter.from_checkpoint(
        args.checkpoint, device=args.device, bandwidth=args.bandwidth,
        input_size=_size(args.input_size))
    frames = open_frames(args.dataset, args.data, args.split, args.limit)
    result = evaluate(segmenter, frames)
    print(table(result))
    if args.json:
        args.json.write_text(json.dumps(to_dict(result), indent=1))


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        width, height = (int(part) for part in text.lower().split('x'))
    except ValueError:
        raise UserError(f'--input-size is WIDTHxHEIGHT, such as 768x384, not {text!r}') from None
    return width, height
