# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`process-bag` beside the segmenter alone, on the same frames in one run."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from ..bags import BagWriter, Topic, images, open_source
from ..bags.playback import Playback
from ..bags.sources import Source
from ..commands.options import image_size
from ..offline.cameras import choose_cameras, decode
from ..offline.process import BagProcessor, Options
from ..segmenter import InstanceSegmenter
from ..views import View
from .arguments import add_common_arguments, prepare, settings
from .frames import draw_street, load_checkpoint
from .measure import Times
from .report import Report

ALONE, BAG = 'segmenter alone', 'process-bag'
_TOPIC, _PERIOD = '/camera/image_raw/compressed', 100_000_000


class Rounds(NamedTuple):
    """Seconds of several rounds, of the clock and of all threads' work."""

    wall: Times
    cpu: Times


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--bag', metavar='FILE', help='a bag or video of your own (JPEG pictures '
                        'of a drawn street when there is none)')
    parser.add_argument('--image-topic', metavar='TOPIC', help='where the bag has several')
    parser.add_argument('--image-size', type=image_size, default=(2048, 1024), metavar='WxH',
                        help='of the drawn street (2048x1024)')
    parser.add_argument('--frames', type=int, default=60, metavar='N',
                        help='frames of a round, the first ones of the bag (default 60)')
    parser.add_argument('--batch', type=int, default=1, metavar='N', help='pictures at once')
    parser.add_argument('--checkpoint', type=Path, metavar='FILE',
                        help='weights; the shipped ones by default')
    add_common_arguments(parser, 3)


def run(args: argparse.Namespace) -> Report:
    """Time `repeats` rounds of each in turn."""
    device = prepare(args)
    checkpoint, remark = load_checkpoint(args)
    segmenter = InstanceSegmenter(checkpoint, str(device))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        source = stack.enter_context(open_source(
            args.bag or _drawn_bag(folder / 'street', args.image_size, args.frames)))
        rounds, frames = _measure(segmenter, source, folder, args)
    segmenter.close()
    alone = rounds[ALONE].wall.median
    rows = [{'work': name, 'p50_s': each.wall.median, 'spread_s': each.wall.spread,
             'frames_per_s': frames / each.wall.median, 'of_alone': alone / each.wall.median,
             'cpu_ms_a_frame': each.cpu.median * 1e3 / frames}
            for name, each in rounds.items()]
    return Report('bag', ('work',), rows, settings(args), [
        f'{frames} frames of {args.bag or "a drawn street"}, {args.batch} at once, decoded '
        f'before for "{ALONE}"; "{BAG}" reads, decodes, segments, writes masks and detections '
        'beside all that was in the bag, and compresses.', remark,
        'of_alone: frames a second over those of the segmenter alone; medians of rounds in turn.',
        'cpu_ms_a_frame: of all threads; what is more than alone runs beside the network where '
        'a core is free for it.'])


def _measure(segmenter: InstanceSegmenter, source: Source, folder: Path,
             args: argparse.Namespace) -> tuple[dict[str, Rounds], int]:
    cameras = choose_cameras(source, args.image_topic and [args.image_topic], False)
    pictures = _pictures(source, next(iter(cameras)), args.frames)
    first, last = pictures[0][0], pictures[-1][0]
    part = Playback(start=(first - source.start) / 1e9, duration=(last + 1 - first) / 1e9)
    processor = BagProcessor([segmenter], source, cameras, Options(part, batch=args.batch))
    decoded = [pixels for _, pixels in pictures]
    segmenter.warm_up(args.batch)
    _segment(segmenter, decoded[:4], args.batch)
    work = {ALONE: lambda k: _segment(segmenter, decoded, args.batch),
            BAG: lambda k: processor.run(folder / f'out_{k}', {})}
    rounds = {name: [] for name in work}
    for k in tqdm(range(args.repeats), 'rounds', leave=False, disable=None):
        for name, function in work.items():
            cpu, wall = time.process_time(), time.perf_counter()
            function(k)
            rounds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: Rounds(*map(Times, zip(*both, strict=True)))
            for name, both in rounds.items()}, len(pictures)


def _pictures(source: Source, topic: str, count: int) -> list[tuple[int, np.ndarray]]:
    """Return times and decoded images of the first messages of a topic."""
    return [(message.stamp, decode(message, View()).pixels)
            for message in islice(source.messages([topic]), count)]


def _segment(segmenter: InstanceSegmenter, pictures: list[np.ndarray], batch: int) -> None:
    for k in range(0, len(pictures), batch):
        segmenter(pictures[k:k + batch])


def _drawn_bag(path: Path, size: tuple[int, int], frames: int) -> Path:
    topic = Topic.of(_TOPIC, 'sensor_msgs/msg/CompressedImage')
    streets = [cv2.imencode('.jpg', draw_street(size, seed)[..., ::-1])[1].tobytes()
               for seed in range(4)]
    with BagWriter(path) as writer:
        for k in range(frames):
            stamp = 1_700_000_000_000_000_000 + k * _PERIOD
            writer.write(topic, stamp, images.serialize_compressed(
                images.header(stamp, 'camera'), 'jpeg', streets[k % 4]))
    return path
