# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Render street scenes with exact labels, in Cityscapes' layout.

Images, instanceIds, labelIds, disparity and camera files; train and val share no seed and no
model. Interrupt it at any time: the next run goes on where this one stopped.
"""

import argparse
from pathlib import Path

from ..errors import UserError

HELP = 'render street scenes with exact labels'


def parse_size(text):
    """Read WIDTHxHEIGHT."""
    try:
        width, height = (int(v) for v in text.lower().split('x'))
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is not WIDTHxHEIGHT, such as 1024x512'
                                         ) from None
    if not (32 <= width <= 4096 and 32 <= height <= 4096):
        raise argparse.ArgumentTypeError(f'{text}: each side must be within 32 to 4096')
    return width, height


def add_arguments(parser):
    """Add the options."""
    parser.add_argument('out', metavar='OUT', type=Path, help='folder to write to')
    parser.add_argument('--count', type=int, default=100, help='scenes in train (100)')
    parser.add_argument('--val-count', type=int, help='scenes in val (a tenth of --count)')
    parser.add_argument('--seed', type=int, default=0, help='other seed, other scenes (0)')
    parser.add_argument('--size', type=parse_size, default=(1024, 512), metavar='WxH',
                        help='pixels (1024x512)')
    parser.add_argument('--models', type=Path, metavar='DIR',
                        help='folder of models (gazebo_models, Quaternius packs); without it '
                             "everything is of the package's own making")
    parser.add_argument('--jobs', type=int, default=1, help='processes (1)')


def run(args):
    """Render what is missing."""
    from tqdm import tqdm

    from ..datasets.street_scenes.jobs import Order, missing, render_all
    if args.count < 0 or args.seed < 0 or args.jobs < 1:
        raise UserError('--count and --seed must not be negative and --jobs at least 1.')
    if args.models and not args.models.is_dir():
        raise UserError(f'{args.models} is not a folder: give --models a folder of models or '
                        'leave it out.')
    counts = {'train': args.count,
              'val': args.count // 10 if args.val_count is None else args.val_count}
    order = Order(str(args.out), args.seed, *args.size,
                  str(args.models) if args.models else None)
    left = sum(len(indices) for _, indices in missing(order, counts))
    with tqdm(total=sum(counts.values()), initial=sum(counts.values()) - left, unit='scene',
              smoothing=0.05) as bar:
        failed = render_all(order, counts, args.jobs, bar.update)
    if failed:
        print('Not rendered: ' + ', '.join(f'{split} {index}' for split, index in failed))
        return 1
    return 0
