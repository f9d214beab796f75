# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`process-bag` compared with the segmenter alone, on the same frames in one run."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cv2
import numpy as np
import torch
from tqdm import tqdm

from ..arguments import add_checkpoint_argument, image_size
from ..bags import BagWriter, Topic, images, open_source
from ..bags.playback import Playback
from ..bags.sources import Source
from ..inference.segmenter import InstanceSegmenter
from ..inference.threads import limited_threads
from ..offline.camera_plan import choose_cameras
from ..offline.decoding import decode
from ..offline.process import BagProcessor, Options
from ..perception.frame_processor import FrameProcessor
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
    parser.add_argument('--bag', metavar='FILE', help='a bag or video of your own (JPEG images '
                        'of a drawn street when there is none)')
    parser.add_argument('--image-topic', metavar='TOPIC', help='where the bag has several')
    parser.add_argument('--image-size', type=image_size, default=(2048, 1024), metavar='WxH',
                        help='of the drawn street (2048x1024)')
    parser.add_argument('--frames', type=int, default=60, metavar='N',
                        help='frames of a round, the first ones of the bag (default 60)')
    parser.add_argument('--batch', type=int, default=1, metavar='N', help='images per batch')
    add_checkpoint_argument(parser)
    add_common_arguments(parser, 3)


def run(args: argparse.Namespace) -> Report:
    """Time `repeats` rounds of each in turn."""
    device = prepare(args)
    checkpoint, remark = load_checkpoint(args)
    count = torch.get_num_threads() if device.type == 'cpu' else 1
    segmenters = [InstanceSegmenter(checkpoint, str(device)) for _ in range(count)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        source = stack.enter_context(open_source(
            args.bag or _drawn_bag(folder / 'street', args.image_size, args.frames)))
        bench = _Bench(segmenters, source, folder, args)
        rows, notes = _rows(bench.rounds(args.repeats), bench.parts(), len(bench.frames), count)
    for segmenter in segmenters:
        segmenter.close()
    return Report('bag', ('work',), rows, settings(args), [
        f'{len(bench.frames)} frames of {args.bag or "a drawn street"}, {args.batch} per batch, '
        f'decoded before for "{ALONE}"; "{BAG}" reads, decodes, segments, writes masks and '
        'detections in addition to all messages of the bag, and compresses.', remark,
        'of_alone: frames a second over those of the segmenter alone; medians of rounds in turn.',
        'cpu_ms_a_frame: of all threads, also while they wait for one another.', *notes])


def _rows(rounds: dict[str, Rounds], parts: dict[str, float],
          frames: int, threads: int) -> tuple[list[dict], list[str]]:
    alone = rounds[ALONE].wall.median
    rows = [{'work': name, 'p50_s': each.wall.median, 'spread_s': each.wall.spread,
             'frames_per_s': frames / each.wall.median, 'of_alone': alone / each.wall.median,
             'cpu_ms_a_frame': each.cpu.median * 1e3 / frames}
            for name, each in rounds.items()]
    rows += [{'work': name, 'p50_s': None, 'spread_s': None, 'frames_per_s': None,
              'of_alone': None, 'cpu_ms_a_frame': ms} for name, ms in parts.items()]
    cores, rest = len(os.sched_getaffinity(0)), sum(parts.values())
    network = rows[0]['cpu_ms_a_frame']
    by_itself = network / min(threads, cores)
    best = by_itself / max(by_itself, (network + rest) / cores)
    return rows, [
        f'In addition to {network:.0f} ms of CPU time for the segmenter, a frame takes {rest:.1f} '
        f'ms for all else: of {threads} threads on {cores} cores, of_alone is {best:.2f} at best.']


class _Bench:
    """The work that is timed, on the first images of a source."""

    def __init__(self, segmenters: list[InstanceSegmenter], source: Source, folder: Path,
                 args: argparse.Namespace):
        self._segmenters, self._source, self._folder = segmenters, source, folder
        self._batch = args.batch
        self._cameras = choose_cameras(source, args.image_topic and [args.image_topic])
        self.frames = _decoded_frames(source, next(iter(self._cameras)), args.frames)
        first, last = self.frames[0][0], self.frames[-1][0]
        self._part = Playback(start=(first - source.start) / 1e9,
                              duration=(last + 1 - first) / 1e9)
        self._interval = first, last + 1

    def rounds(self, repeats: int) -> dict[str, Rounds]:
        """Time the segmenter alone, and within `process-bag` with one worker and with several."""
        alone, several = self._segmenters[:1], len(self._segmenters)
        self._segment_apart(self.frames[:4])
        work = {ALONE: lambda k: self._segment_apart(self.frames),
                BAG: lambda k: self._process(alone, self._folder / f'out_{k}')}
        if several > 1:
            work[f'{BAG} --workers {several}'] = lambda k: self._process(
                self._segmenters, self._folder / f'out_{k}_{several}')
        rounds = {name: [] for name in work}
        for k in tqdm(range(repeats), 'rounds', leave=False, disable=None):
            for name, function in work.items():
                rounds[name].append(_timed(lambda: function(k)))    # noqa: B023 (called here)
        return {name: Rounds(*map(Times, zip(*both, strict=True)))
                for name, both in rounds.items()}

    def parts(self) -> dict[str, float]:
        """Return the processor time of all but the segmenter, in ms a frame, one by one."""
        topic, camera = next(iter(self._cameras.items()))
        prepared = camera.processor.prepare(self.frames[0][1])
        frame = camera.processor.finish(prepared, self._segmenters[0](prepared.part),
                                        images.header(self.frames[0][0], ''))

        def made() -> list:
            return camera.outputs.serialize(frame)

        def write(messages: list) -> None:
            with BagWriter(self._folder / 'parts') as writer:
                for stamp, _ in self.frames:
                    for output, data in messages:
                        writer.write(output, stamp, data)
                for message in self._source.messages(None, *self._interval):
                    writer.write(message.topic, message.stamp, message.data)

        count = len(self.frames)
        return {name: _timed(work)[1] * 1e3 / count for name, work in {
            'read and decode': lambda: _decoded_frames(self._source, topic, count),
            'make messages': lambda: [made() for _ in self.frames],
            'compress and write': lambda: write(made())}.items()}

    def _segment_apart(self, frames: list[tuple[int, np.ndarray]]) -> None:
        # In a thread that ends, as the verb's does: OpenMP threads that stayed with this one
        # would compete with those of the next, and slow them down.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._segment, frames).result()

    def _segment(self, frames: list[tuple[int, np.ndarray]]) -> None:
        for k in range(0, len(frames), self._batch):
            self._segmenters[0]([pixels for _, pixels in frames[k:k + self._batch]])

    def _process(self, segmenters: list[InstanceSegmenter], output: Path) -> None:
        with limited_threads(max(1, torch.get_num_threads() // len(segmenters))):
            BagProcessor(segmenters, self._source, self._cameras,
                         Options(self._part, batch=self._batch)).run(output, {})


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the clock, and of all threads' work."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _decoded_frames(source: Source, topic: str, count: int) -> list[tuple[int, np.ndarray]]:
    """Return times and decoded images of the first messages of a topic."""
    return [(message.stamp, decode(message, FrameProcessor()).prepared.image)
            for message in islice(source.messages([topic]), count)]


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
