# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Segment images, folders, patterns and videos into overlays, masks and tables."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .. import arguments as options
from ..bags.video import Video
from ..core.atomic_file import atomic_path
from ..core.errors import UserError
from ..core.instances import InstanceMap
from ..io.inputs import Frame, Input, ahead, find_inputs, read_image, read_video
from ..io.results import (
    image_record,
    write_csv,
    write_image,
    write_json,
    write_masks,
)
from ..io.video_writer import write_film
from ..perception.overlay import OverlayStyle, draw_overlay

OUTPUTS = ('overlay', 'masks', 'json', 'csv')
_Found = Iterable[tuple[Frame, InstanceMap]]
_WORKERS = min(4, os.cpu_count() or 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('input', nargs='+', metavar='INPUT',
                        help='images, videos, folders of them, or patterns in quotes')
    parser.add_argument('--output', type=options.output_folder, required=True, metavar='DIR',
                        help='folder for the results')
    parser.add_argument('--write', type=_outputs, default=','.join(OUTPUTS), metavar='WHAT,...',
                        help=f'what to write (default: {",".join(OUTPUTS)})')
    parser.add_argument('--overlay-format', choices=('jpg', 'png'), default='jpg',
                        help='format of image overlays (default jpg); those of videos are mp4')
    parser.add_argument('--batch', type=int, default=1, metavar='N',
                        help='images per call of the network (default 1)')
    parser.add_argument('--track', action='store_true',
                        help='track instances: constant ids through a video')
    parser.add_argument('--json', type=options.result_file, metavar='FILE',
                        dest='summary', help='write the summary as JSON')
    options.add_segmenter_arguments(parser)
    options.add_overlay_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Segment everything; return 1 when some of it could not be read; UserError for none."""
    if args.batch < 1:
        raise UserError(f'--batch must be 1 or more, not {args.batch}.')
    inputs = find_inputs(args.input, args.output)
    try:
        summary = _segment(inputs, args)
    except OSError as error:
        raise UserError(f'{error.filename or args.output} cannot be written: '
                        f'{error.strerror}.') from error
    _print_summary(summary, args.output)
    if args.summary:
        write_json(args.summary, summary)
    return 1 if summary['failed'] else 0


def _segment(inputs: list[Input], args: argparse.Namespace) -> dict:
    work = _Work(options.make_segmenter(args), args, options.overlay_style(args))
    begin = time.perf_counter()
    work.run(inputs)
    summary = work.summary(time.perf_counter() - begin)
    if not summary['images']:
        raise UserError('No file could be read; the reason for each is above.')
    return summary


class _Work:
    """Segment inputs and write result files; collects records and failures."""

    def __init__(self, segmenter, args: argparse.Namespace, style: OverlayStyle) -> None:
        self._segmenter, self._style = segmenter, style
        self._batch, self._track = args.batch, args.track
        self._output, self._write = args.output, args.write
        self._ending = f'_overlay.{args.overlay_format}'
        self._records, self._failed = [], []
        self._timings: dict[str, list[float]] = {}

    def run(self, inputs: list[Input]) -> None:
        """Segment images, then videos, then write the tables."""
        videos = self._open_videos(i for i in inputs if i.is_video)
        images = [i for i in inputs if not i.is_video]
        total = len(images) + sum(video.count for _, video in videos)
        with ThreadPoolExecutor(_WORKERS) as pool, \
                tqdm(total=total, unit='image', disable=None) as self._progress:
            self._run_images(images, pool)
            for source, video in videos:
                self._run_video(source, video, pool)
        if not self._records:
            return
        if 'json' in self._write:
            write_json(self._output / 'instances.json', {
                'label_set': self._segmenter.label_set.name,
                'checkpoint': self._segmenter.checkpoint.checksum, 'images': self._records})
        if 'csv' in self._write:
            write_csv(self._output / 'instances.csv', self._records)

    def summary(self, seconds: float) -> dict:
        """Return counts, failures and times as plain data."""
        instances = Counter(i['label'] for r in self._records for i in r['instances'])
        return {'images': len(self._records), 'failed': self._failed,
                'instances': dict(instances.most_common()), 'seconds': round(seconds, 3),
                'images_per_s': round(len(self._records) / seconds, 2),
                'stages_ms': {stage: round(float(np.mean(times)), 3)
                              for stage, times in self._timings.items()},
                'device': str(self._segmenter.device),
                'checkpoint': self._segmenter.checkpoint.checksum}

    def _open_videos(self, inputs: Iterable[Input]) -> list[tuple[Input, Video]]:
        videos = []
        for source in inputs:
            try:
                videos.append((source, Video(source.path)))
            except UserError as error:
                self._fail(source, str(error))
        return videos

    def _run_images(self, inputs: list[Input], pool: Executor) -> None:
        frames = ahead(read_image, inputs, pool, _WORKERS + self._batch)
        found = self._recorded(self._segmented(self._readable(frames)))
        for frame, overlay in ahead(self._save, found, pool, _WORKERS):
            if overlay is not None:
                write_image(self._output / f'{frame.name}{self._ending}', overlay)

    def _run_video(self, source: Input, video: Video, pool: Executor) -> None:
        try:
            self._write_video(source, video, pool)
        except UserError as error:  # it opens, but its first frame cannot be decoded
            self._fail(source, str(error))
            return
        if video.break_reason:
            self._fail(source, f'{video.break_reason.rstrip(".")}; its results end there')

    def _write_video(self, source: Input, video: Video, pool: Executor) -> None:
        found = self._segmented(read_video(source, video))
        found = self._recorded(self._tracked(found) if self._track else found)
        saved = ahead(self._save, found, pool, _WORKERS)
        if 'overlay' in self._write:
            with atomic_path(self._output / f'{source.name}_overlay.mp4') as part:
                write_film(part, ((frame.seconds, overlay) for frame, overlay in saved))
        else:
            deque(saved, maxlen=0)

    def _segmented(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, InstanceMap]]:
        while batch := list(islice(frames, self._batch)):
            maps = self._segmenter([frame.image for frame in batch])
            for stage, milliseconds in maps[0].timings_ms.items():
                self._timings.setdefault(stage, []).append(milliseconds / len(batch))
            yield from zip(batch, maps, strict=True)

    def _tracked(self, found: _Found) -> _Found:
        from ..perception.tracking.tracker import Tracker

        tracker = Tracker()
        for frame, result in found:
            yield frame, tracker(result, frame.seconds)

    def _readable(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if frame.image is not None:
                yield frame
                continue
            self._fail(frame.input, frame.problem)
            self._progress.update()

    def _recorded(self, found: _Found) -> _Found:
        for frame, result in found:
            place = () if frame.seconds is None else (frame.index, frame.seconds)
            self._records.append(image_record(str(frame.input.path), result, *place))
            self._progress.update()
            yield frame, result

    def _save(self, item: tuple[Frame, InstanceMap]) -> tuple[Frame, np.ndarray | None]:
        """Write the masks of a frame and draw its overlay (in a thread of the pool)."""
        frame, found = item
        if 'masks' in self._write:
            write_masks(self._output / frame.name, found)
        drawn = draw_overlay(frame.image, found, self._style) if 'overlay' in self._write else None
        return frame, drawn

    def _fail(self, source: Input, reason: str) -> None:
        reason = reason.removeprefix(f'{source.path} ')
        self._failed.append({'file': str(source.path), 'reason': reason})
        with tqdm.external_write_mode(sys.stderr):
            print(f'{source.path}: {reason}', file=sys.stderr)


def _outputs(text: str) -> set[str]:
    chosen = {part.strip() for part in text.split(',')}
    if not chosen <= set(OUTPUTS):
        raise argparse.ArgumentTypeError(f'{text!r} is not some of {",".join(OUTPUTS)}')
    return chosen


def _print_summary(summary: dict, output: Path) -> None:
    counts = ', '.join(f'{count} {name}' for name, count in summary['instances'].items())
    print(f"{summary['images']} images in {summary['seconds']:.1f} s "
          f"({summary['images_per_s']:.1f} a second, {summary['device']}): "
          f"{counts or 'no instances'}.")
    stages = ', '.join(f'{stage} {ms:.1f}' for stage, ms in summary['stages_ms'].items())
    if stages:
        print(f'Milliseconds an image: {stages}.')
    if summary['failed']:
        print(f"{len(summary['failed'])} of the files failed; they are named above.")
    print(f'Results are in {output}.')
