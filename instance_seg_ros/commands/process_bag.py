# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Segment every image of a bag into a new bag, without a running ROS; none is dropped.

The new bag has the node's outputs in addition to the content of the old one. An interrupted run
is continued by the same command. Exit status 1: not one image could be segmented. 3: the
input breaks off, and was processed up to there.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from .. import arguments as options
from ..bags import open_source
from ..bags.playback import Playback
from ..bags.sources import Source
from ..bags.writer import check_free
from ..core.errors import UserError
from ..io.results import write_json
from ..messages.outputs import ON_REQUEST
from ..offline import BROKEN_INPUT
from ..offline.sole_writer import sole_writer

_OF_THE_MACHINE = ('device', 'threads')
"""Options of the network that may be given next to a parameters file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('input', metavar='IN',
                        help='bag or video; with --jobs or --scheduler a folder of them')
    parser.add_argument('output', metavar='OUT', type=Path, help='the new bag (a folder, MCAP)')
    parser.add_argument('--image-topic', type=options.names, metavar='TOPIC,...',
                        help='image topics to segment if the bag has several')
    parser.add_argument('--params-file', type=Path, metavar='FILE',
                        help="the node's parameters (YAML): cameras with regions and tracking, "
                             'network, thresholds and overlay')
    parser.add_argument('--prefix', type=options.topic_name, default='/instance_seg',
                        metavar='NAME',
                        help='prefix of the new topics (default: that of the node, /instance_seg)')
    parser.add_argument('--only-outputs', action='store_true',
                        help='do not copy the messages of the input bag')
    for output in ON_REQUEST:
        parser.add_argument(f'--{output.name.replace("_", "-")}', action='store_true',
                            help=f'add {output.name}: {output.description}')
    parser.add_argument('--start', type=float, default=0.0, metavar='SECONDS',
                        help='start offset in the bag')
    parser.add_argument('--duration', type=float, metavar='SECONDS',
                        help='duration to process')
    parser.add_argument('--every', type=int, default=1, metavar='N',
                        help='segment only every N-th image (default 1: all)')
    parser.add_argument('--batch', type=int, default=1, metavar='N',
                        help='images per call of the network (default 1)')
    parser.add_argument('--workers', type=int, default=1, metavar='N',
                        help='images (or batches) segmented in parallel, each on its share of '
                             'the CPU threads: faster on a CPU; results equal those of a node '
                             'with that many threads (default 1)')
    parser.add_argument('--jobs', type=int, metavar='N',
                        help='process a folder of bags, N at a time; completed bags are skipped')
    parser.add_argument('--scheduler', metavar='ADDRESS',
                        help='process a folder of bags by Dask: "local" for a cluster of --jobs '
                             'workers on this machine, or the address of a scheduler')
    parser.add_argument('--json', type=options.result_file, metavar='FILE',
                        help='write the summary as JSON')
    options.add_segmenter_arguments(parser)
    options.add_overlay_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Process a bag, or a folder of them."""
    if args.jobs is not None or args.scheduler is not None:
        from ..offline.folder import process_folder

        return process_folder(args, _process_one)
    return _process_one(args)


def _process_one(args: argparse.Namespace) -> int:
    check_free(args.output)
    with open_source(args.input) as source, sole_writer(args.output):
        return _process(args, source)


def _process(args: argparse.Namespace, source: Source) -> int:
    from ..offline.process import BagProcessor, Options

    part = Playback(start=args.start, duration=args.duration)
    part.interval(source)
    plan = _plan(args, source)
    segmenters = _segmenters(plan, args.workers, args.batch)
    settings = Options(part, args.every, args.batch, args.only_outputs, plan.score_threshold)
    processor = BagProcessor(segmenters, source, plan.cameras, settings)
    job = _job(args, source, segmenters[0], plan)
    with tqdm(total=_expected(args, source, plan.cameras), unit='frame', disable=None) as bar:
        try:
            summary = processor.run(args.output, job, bar.update)
        except KeyboardInterrupt:
            bar.close()
            print('Stopped; the same command continues.')
            raise
    _print(summary, args, segmenters[0])
    if summary.frames and sum(summary.failed.values()) == summary.frames:
        print('No image could be segmented: '
              + ', '.join(f'{kind} ({count})' for kind, count in summary.failed.items()) + '.')
        return 1
    return BROKEN_INPUT if summary.break_reason else 0


def _plan(args: argparse.Namespace, source: Source):
    """Return the plan; UserError where the arguments, the file and the bag do not agree."""
    from ..offline.camera_plan import choose_cameras
    from ..offline.plan import Plan, plan_from_parameters

    prefix = '/' + args.prefix.strip('/')
    requested = {output.name for output in ON_REQUEST if getattr(args, output.name)}
    if args.params_file is not None:
        _refuse_twice(args)
        return plan_from_parameters(source, args.params_file, prefix, args.image_topic,
                                    requested, args.device, args.threads)
    threshold = args.score_threshold
    cameras = choose_cameras(source, args.image_topic, requested, prefix,
                             options.overlay_style(args))
    return Plan(cameras, lambda: options.make_segmenter(args),
                threshold if isinstance(threshold, float) else 0.0)


def _refuse_twice(args: argparse.Namespace) -> None:
    """Raise UserError where an option is given that the parameters file determines."""
    parser = argparse.ArgumentParser()
    options.add_segmenter_arguments(parser)
    options.add_overlay_arguments(parser)
    twice = [name for name, default in vars(parser.parse_args([])).items()
             if getattr(args, name) != default and name not in _OF_THE_MACHINE]
    if twice:
        names = ', '.join('--' + name.replace('_', '-') for name in twice)
        raise UserError(f'--params-file determines these parameters; leave out {names}.')


def _segmenters(plan, count: int, batch_size: int) -> list:
    """Return so many segmenters alike, which share the threads of the CPU."""
    import torch

    if count < 1:
        raise UserError('--workers must be 1 or more.')
    segmenters = [plan.make_segmenter() for _ in range(count)]
    for segmenter in segmenters:
        if segmenter.device.type == 'cuda':
            segmenter.warm_up(batch_size)       # captures here, one after the other
    torch.set_num_threads(max(1, torch.get_num_threads() // count))
    return segmenters


def _expected(args: argparse.Namespace, source: Source, cameras) -> int:
    """Estimate the number of frames from the share of the bag that is processed."""
    first, last = Playback(start=args.start, duration=args.duration).interval(source)
    share = (last - first) / (source.end + 1 - source.start)
    frames = sum(t.count for t in source.topics if t.name in cameras)
    return -(-round(frames * share) // args.every)


def _job(args: argparse.Namespace, source: Source, segmenter, plan) -> dict:
    """Return all that the result depends on: only a run with the same is continued."""
    arguments = {k: str(v) for k, v in vars(args).items() if k not in ('json', 'input', 'output')}
    return {'source': str(source.path.resolve()), 'messages': source.count, 'start': source.start,
            'end': source.end, 'checkpoint': segmenter.checkpoint.checksum,
            'device': str(segmenter.device), 'topics': sorted(plan.cameras),
            'settings': plan.settings, 'arguments': arguments}


def _print(summary, args: argparse.Namespace, segmenter) -> None:
    new = summary.frames - summary.resumed
    busy = summary.segmenting_s / summary.seconds if summary.seconds else 0.0
    done = sum(summary.failed.values())
    counts = ', '.join(f'{count} {name}' for name, count in summary.instances.most_common())
    print(f'{summary.frames} frames, {done} failed'
          + ''.join(f' ({kind} {count})' for kind, count in summary.failed.items())
          + (f', {summary.resumed} done before' if summary.resumed else '')
          + f': {counts or "no instances"}.')
    print(f'{new / max(summary.seconds, 1e-9):.1f} frames a second on {segmenter.device}; the '
          f'network was busy {busy:.0%} of the time. Result: {args.output}')
    if summary.break_reason:
        print(f'The input breaks off ({summary.break_reason}); it was processed up to there.')
    if args.json:
        write_json(args.json, {
            'frames': summary.frames, 'failed': dict(summary.failed),
            'instances': dict(summary.instances), 'resumed': summary.resumed,
            'seconds': summary.seconds, 'frames_per_s': new / max(summary.seconds, 1e-9),
            'segmenter_busy': busy, 'break_reason': summary.break_reason})
