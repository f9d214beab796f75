# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a camera's image to the mask, through ROS 2, compared with an echo node in the same run.

Camera, node and listener are processes of their own, and so are the echo node and the bare
segmenter that the node is compared with (see ``benchmark_peers``).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from rclpy.utilities import get_rmw_implementation_identifier

from ...arguments import add_checkpoint_argument, image_size
from ...core.errors import UserError
from ...ros.tools.node_process import NodeProcess, own_domain, set_up_dds
from ...ros.tools.session import stop_on_signals
from ..arguments import settings
from ..frames import load_checkpoint, load_frames
from ..measure import say
from ..report import Report
from .node_peers import CONTESTANTS, TOPICS, WARM_UP, size_name
from .node_rows import LATENCY, building_rows, case_rows

SIZES = ((1280, 720), (1920, 1080), (2048, 1024))
FAST_DDS = ('profile', 'default')
START_S = 180.0
_MODULE = (sys.executable, '-m', 'instance_seg_ros.benchmark.ros.node_peers')
_PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--sizes', nargs='+', type=image_size, default=list(SIZES),
                        metavar='WxH', help='sizes of the images')
    parser.add_argument('--transports', nargs='+', choices=TOPICS, default=list(TOPICS),
                        help='as what images are sent (default: raw jpeg)')
    parser.add_argument('--fast-dds', nargs='+', choices=FAST_DDS, default=list(FAST_DDS),
                        help="with the package's profile for large images, or with Fast DDS's "
                             'defaults (default: one after the other)')
    parser.add_argument('--frames', type=int, default=50, metavar='N',
                        help='for each case and each of echo, segmenter and node (default 50)')
    parser.add_argument('--rate', type=float, default=10.0, metavar='HZ',
                        help='frames a second of the three together (default 10)')
    parser.add_argument('--images', nargs='+', metavar='FILE',
                        help='images or folders (default: a synthetic street)')
    add_checkpoint_argument(parser)
    parser.add_argument('--device', default='auto',
                        help='auto (a GPU where there is one), cpu, cuda or cuda:N')
    parser.add_argument('--input-size', type=image_size, default=(0, 0), metavar='WxH',
                        help='size at which the network sees the image (as trained)')
    parser.add_argument('--threads', type=int, default=0, metavar='N',
                        help='CPU threads of PyTorch')


def run(args: argparse.Namespace) -> Report:
    """Measure every transport with and without the profile, and how long messages take."""
    if args.frames < 1 or not args.rate > 0:
        raise UserError('--frames and --rate must be greater than 0.')
    rows, load = [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, stop_on_signals() as stop:
        folder = Path(name)
        checkpoint, remark = _prepare(args, folder)
        for fast_dds in args.fast_dds:
            for transport in args.transports:
                rows += _case(args, folder, checkpoint, transport, fast_dds, stop)
    facts = {**settings(args), 'rmw': get_rmw_implementation_identifier()}
    return Report('node', ('size', 'transport', 'fast_dds', 'part'), rows + building_rows(), facts,
                  [remark, *_notes(args, rows, load)])


def _prepare(args: argparse.Namespace, folder: Path) -> tuple[Path, str]:
    """Lay frames of each size, and weights where there are none, into the folder."""
    for size in args.sizes:
        frames = load_frames(argparse.Namespace(images=args.images, image_size=size), 4)
        np.save(folder / f'{size_name(size)}.npy', np.stack(frames))
    checkpoint, remark = load_checkpoint(args)
    path = checkpoint.path or folder / 'untrained.safetensors'
    if checkpoint.path is None:
        checkpoint.save(path)
    return Path(path).absolute(), remark


def _notes(args: argparse.Namespace, rows: list[dict], load: float) -> Iterator[str]:
    yield (f'Frames go to echo, segmenter and node in turn, {args.rate:g} a second in all, after '
           f'{WARM_UP} of each that do not count.')
    yield ('echo: a node that answers each image with a mono8 image of its size at once. '
           'segmenter: the same images, decoded, without ROS.')
    yield (f'over: p50 of "{LATENCY}" over the sum of those of echo and segmenter, in neither of '
           'which a JPEG is decoded. lost: no mask came, of "sent".')
    slowest = max((row['p95_ms'] or 0 for row in rows if row['part'] == LATENCY), default=0)
    if slowest > 1000 / args.rate:
        yield 'Frames came before the one before was done: choose a lower --rate.'
    if load > 0.5:
        yield f'The machine was at work already (load {load:.1f}): times are too long.'


# One transport, with or without the profile


class Peer(NodeProcess):
    """One of the processes; a context manager which ends it."""

    def __init__(self, role: str, where: Path, domain: int, options: dict):
        """Start it; what it notes goes to WHERE/ROLE.jsonl."""
        self._role, self._notes = role, where / f'{role}.jsonl'
        command = [*_MODULE, role, str(self._notes), json.dumps(options)]
        super().__init__(command, where / f'{role}.log', domain)

    def check(self) -> None:
        """Raise UserError when the process has failed."""
        if self._process.poll():
            raise UserError(f'The process "{self._role}" ended with status '
                            f'{self._process.returncode}: {self.complaint()}')

    @property
    def ended(self) -> bool:
        """Whether it has done what it had to do."""
        return self._process.poll() is not None

    def notes(self) -> list[dict]:
        """Return what it noted; a line that is not complete is left out."""
        text = self._notes.read_text(encoding='utf-8') if self._notes.is_file() else ''
        return [json.loads(line) for line in text.split('\n')[:-1]]


def _case(args: argparse.Namespace, folder: Path, checkpoint: Path, transport: str,
          fast_dds: str, stop: threading.Event) -> list[dict]:
    """Return the rows of one transport, for all sizes."""
    parameters = {'checkpoint': str(checkpoint), 'device': args.device,
                  'input_size': list(args.input_size), 'threads': args.threads}
    images_in = {'folder': str(folder), 'transport': transport}
    sizes = [size_name(size) for size in args.sizes]
    seconds = len(sizes) * len(CONTESTANTS) * (args.frames + WARM_UP) / args.rate
    say(f'{transport}, Fast DDS {fast_dds}: {seconds:.0f} s, and starting the node')
    with ExitStack() as stack:
        stack.enter_context(surroundings(fast_dds))
        domain = stack.enter_context(own_domain())

        def start(role: str, **options) -> Peer:
            return stack.enter_context(Peer(role, folder, domain, options))

        peers = [start('listener'), start('echo', transport=transport),
                 start('segmenter', parameters=parameters, **images_in),
                 start('node', arguments=_node_arguments(parameters, transport)),
                 start('camera', sizes=sizes, frames=args.frames, rate=args.rate, **images_in)]
        _wait(peers, seconds + START_S, stop)
    heard, _, alone, inside, sent = (peer.notes() for peer in peers)
    return [row for size in sizes for row in case_rows(
        {'size': size, 'transport': transport, 'fast_dds': fast_dds},
        [note for note in sent if note['size'] == size], heard, alone, inside)]


def _node_arguments(parameters: dict, transport: str) -> list[str]:
    values = {**parameters, 'autostart': True,
              'transport': 'raw' if transport == 'raw' else 'compressed'}
    pairs = (('-p', f'{name}:={json.dumps(value)}') for name, value in values.items())
    return ['--ros-args', '-r', 'image_raw:=/node/image_raw', *(a for pair in pairs for a in pair)]


def _wait(peers: list[Peer], seconds: float, stop: threading.Event) -> None:
    """Wait until the camera, the last of them, has sent everything."""
    deadline = time.monotonic() + seconds
    while not peers[-1].ended:
        if stop.wait(0.2):
            raise KeyboardInterrupt
        for peer in peers:
            peer.check()
        if time.monotonic() > deadline:
            raise UserError(f'No end after {seconds:.0f} s; the node said: '
                            f'{peers[-2].complaint()}')
    peers[-1].check()


@contextmanager
def surroundings(fast_dds: str) -> Iterator[None]:
    """Set the environment of the processes; put it back at the end."""
    before = dict(os.environ)
    for name in _PROFILES:
        os.environ.pop(name, None)
    set_up_dds()
    if fast_dds == 'default':
        for name in _PROFILES:
            os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
