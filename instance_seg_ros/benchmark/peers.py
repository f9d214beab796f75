# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network in every engine that is installed, vs. a peer of the field, in turn."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch

from ..arguments import image_size
from ..inference.engine_choice import ENGINES, missing_packages
from ..inference.segmenter import InstanceSegmenter
from .arguments import add_common_arguments, prepare, settings
from .frames import add_frame_arguments, load_checkpoint, load_frames
from .measure import Times, time_calls
from .report import Report

PEER = 'YOLO11n-seg'
TOTAL, NETWORK = 'image to masks', 'bare network'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--size', type=image_size, default=(768, 384), metavar='WxH',
                        help='input of all networks, multiples of 32 (768x384)')
    parser.add_argument('--engine', nargs='+', choices=ENGINES[1:], metavar='NAME',
                        help='engines to measure (all that are installed)')
    add_frame_arguments(parser)
    add_common_arguments(parser, 30)


def run(args: argparse.Namespace) -> Report:
    """Time all engines and the peer in turn, `repeats` rounds."""
    device = prepare(args)
    frames, (checkpoint, remark) = load_frames(args), load_checkpoint(args)
    names = args.engine or [name for name in ENGINES[1:] if not missing_packages(name)]
    segmenters = {name: InstanceSegmenter(
        checkpoint, 'cpu' if name == 'openvino' else str(device), args.size, engine=name)
        for name in names}
    functions = {}
    for name, segmenter in segmenters.items():
        segmenter.warm_up()
        functions[NETWORK, name] = _network_call(segmenter, frames[0])
        functions[TOTAL, name] = _total_call(segmenter, frames)
    peer, missing = _peer_call(args.size, device)
    if peer:
        functions[NETWORK, PEER] = peer
    times = time_calls(functions, args.repeats, device, title='rounds')
    return Report('peers', ('what', 'engine'), _rows(times), settings(args), [
        f'All at {args.size[0]}x{args.size[1]}, in turn.', remark, *missing,
        'over_torch: median over that of the same row of PyTorch. over_peer: median over that of '
        f'the bare network of {PEER}.'])


def _rows(times: dict[tuple[str, str], Times]) -> list[dict]:
    peer = times.get((NETWORK, PEER))
    rows = []
    for what in (NETWORK, TOTAL):
        torch_times = times.get((what, 'torch'))
        rows += [{'what': what, 'engine': engine, 'p50_ms': found.median,
                  'spread_ms': found.spread, 'over_torch': _over(found, torch_times),
                  'over_peer': _over(found, peer)}
                 for (kind, engine), found in times.items() if kind == what]
    return rows


def _over(times: Times, baseline: Times | None) -> float | None:
    return times.median / baseline.median if baseline else None


def _network_call(segmenter: InstanceSegmenter, frame: np.ndarray) -> Callable[[], object]:
    """Return a call of the network alone, on an image that is prepared already."""
    engine = segmenter._engine
    batch = engine.normalise(torch.from_numpy(segmenter._scaled([frame])).to(engine.device))

    def call() -> object:
        with torch.inference_mode():
            return engine.network(batch)

    return call


def _total_call(segmenter: InstanceSegmenter, frames: list) -> Callable[[], object]:
    """Return a call that segments the next frame."""
    turn = iter(range(10 ** 9))
    return lambda: segmenter(frames[next(turn) % len(frames)])


def _peer_call(size: tuple[int, int],
               device: torch.device) -> tuple[Callable[[], object] | None, list[str]]:
    """Return a call of the peer's network, which is installed by the user; or why there is none.

    Its weights are random: they do not change the time.
    """
    if find_spec('ultralytics') is None:
        return None, [f'{PEER}: not measured, the package ultralytics is not installed.']
    model = importlib.import_module('ultralytics').YOLO('yolo11n-seg.yaml').model
    place = {'device': device, 'memory_format': torch.channels_last}
    network = model.fuse(verbose=False).eval().to(**place)
    image = torch.rand(1, 3, size[1], size[0]).to(**place)

    def call() -> object:
        with torch.inference_mode():
            return network(image)

    return call, [f'{PEER}: untrained, its parts after the network not included.']
