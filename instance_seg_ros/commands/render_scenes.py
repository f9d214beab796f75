# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Render street scenes with exact labels, in Cityscapes' layout.

Images, instanceIds, labelIds, disparity and camera files; train and val share no seed and no
model. Interrupt it at any time: the next run continues where this one stopped.
"""

import argparse
import json
import tempfile
from pathlib import Path

from ..bags.writer import check_free, check_no_part
from ..core.errors import UserError

STREETS = ('town', 'suburb', 'avenue', 'retail', 'park', 'highway')
WEATHERS = ('clear', 'cloudy', 'overcast', 'white', 'low_sun', 'dusk', 'night')


def parse_size(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT."""
    try:
        width, height = (int(v) for v in text.lower().split('x'))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not WIDTHxHEIGHT, such as 1024x512') from None
    if not (32 <= width <= 4096 and 32 <= height <= 4096):
        raise argparse.ArgumentTypeError(f'{text}: each side must be within 32 to 4096')
    return width, height


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('out', metavar='OUT', type=Path, nargs='?', help='folder to write to')
    parser.add_argument('--count', type=int, help='scenes in train (100), or videos in val (1)')
    parser.add_argument('--val-count', type=int, help='scenes in val (a tenth of --count)')
    parser.add_argument('--seed', type=int, default=0, help='random seed (0)')
    parser.add_argument('--size', type=parse_size, default=(1024, 512), metavar='WxH',
                        help='pixels (1024x512)')
    parser.add_argument('--models', type=Path, metavar='DIR',
                        help='folder of models (gazebo_models, Quaternius packs); default: '
                             'procedural models')
    parser.add_argument('--jobs', type=int, default=1, help='processes (1)')
    parser.add_argument('--street', choices=STREETS, help='only this kind of street')
    parser.add_argument('--weather', choices=WEATHERS, help='only this weather')
    video = parser.add_argument_group('video')
    video.add_argument('--sequence', action='store_true',
                       help='render videos, of val models: moving camera and traffic')
    video.add_argument('--seconds', type=float, default=5.0, help='length of a video (5)')
    video.add_argument('--rate', type=float, default=15.0, metavar='HZ',
                       help='frames per second (15)')
    video.add_argument('--bag', type=Path, metavar='OUT.mcap',
                       help='write the video as a ROS 2 bag, a folder of this name (without '
                            '.mcap); OUT is optional then')
    video.add_argument('--jpeg-quality', type=int, default=85, help='of the images in a bag (85)')


def run(args: argparse.Namespace) -> int:
    """Render what is missing."""
    _check(args)
    if args.out:
        return _render(args, args.out)
    with tempfile.TemporaryDirectory(prefix='street_scenes_') as folder:
        return _render(args, Path(folder))


def _check(args):
    if args.seed < 0 or args.jobs < 1 or min(args.count or 0, args.val_count or 0) < 0:
        raise UserError('--count, --val-count and --seed must not be negative, --jobs at least 1.')
    if args.models and not args.models.is_dir():
        raise UserError(f'{args.models} is not a folder: give --models a folder of models or '
                        'leave it out.')
    if args.bag and not args.sequence:
        raise UserError('--bag needs --sequence: only videos become bags.')
    if args.bag and (args.count or 1) != 1:
        raise UserError('A bag contains one video; leave out --count or --bag.')
    if not args.out and not args.bag:
        raise UserError('Nowhere to write to: give a folder OUT, or --sequence with --bag.')
    if args.bag:
        check_free(_bag(args))
        check_no_part(_bag(args))
    if args.sequence and not (args.rate > 0 and args.seconds * args.rate >= 1):
        raise UserError('--seconds times --rate must be one frame or more.')


def _render(args, root):
    from tqdm import tqdm

    from ..datasets.street_scenes.jobs import Order, missing, render_all
    frames = round(args.seconds * args.rate) if args.sequence else 0
    order = Order(str(root), args.seed, *args.size, str(args.models) if args.models else None,
                  args.street, args.weather, frames, args.rate)
    counts = _counts(args, frames)
    total = sum(counts.values())
    left = sum(len(indices) for _, indices in missing(order, counts))
    with tqdm(total=total, initial=total - left, unit='frame' if frames else 'scene',
              smoothing=0.05) as bar:
        failed = render_all(order, counts, args.jobs, bar.update)
    if failed:
        print('Not rendered: ' + ', '.join(f'{split} {index}' for split, index in failed))
        return 1
    if args.bag:
        _pack(args, order, frames)
    return 0


def _counts(args, frames):
    if frames:
        return {'val': (1 if args.count is None else args.count) * frames}
    count = 100 if args.count is None else args.count
    return {'train': count, 'val': count // 10 if args.val_count is None else args.val_count}


def _pack(args, order, frames):
    import cv2

    from ..datasets.street_scenes.recording import write_bag
    writer = order.writer('val')

    def read():
        for frame in range(frames):
            image = cv2.imread(str(writer.path('leftImg8bit', 0, frame, 'leftImg8bit.png')))
            camera = writer.path('camera', 0, frame, 'camera.json').read_text()
            yield image, json.loads(camera)
    print(f'bag {write_bag(_bag(args), read(), args.rate, args.jpeg_quality)}')


def _bag(args):
    return args.bag.with_suffix('') if args.bag.suffix == '.mcap' else args.bag
