# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every stage from image to masks, next to the bare network on the same machine."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable

import cv2
import numpy as np
import torch
from tqdm import tqdm

from ..arguments import image_size
from ..core.image_codec import decode_compressed
from ..core.instances import InstanceMap
from ..inference.checkpoint import build_pipeline
from ..inference.engine_choice import ENGINES
from ..inference.input_size import network_size
from ..inference.segmenter import InstanceSegmenter
from ..messages.outputs import outputs_of
from ..node_config.parameters import CameraSettings
from ..perception.color_images import class_color_image, instance_color_image
from ..perception.frame_processor import FrameProcessor
from ..perception.overlay import draw_overlay
from .arguments import add_common_arguments, half_or_float, prepare, settings
from .frames import add_frame_arguments, load_checkpoint, load_frames
from .measure import Times, time_once
from .networks import SIZES
from .report import Report

TOTAL, NETWORK = 'image to masks', 'bare network'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--size', nargs='+', type=image_size, default=list(SIZES),
                        metavar='WxH', help='sizes at which the network sees the image')
    parser.add_argument('--batch', type=int, default=1, metavar='N', help='images at once')
    parser.add_argument('--engine', nargs='+', choices=ENGINES, default=['torch'],
                        metavar='NAME', help='engines of the network (torch); the bare network '
                        'is always computed by PyTorch')
    add_frame_arguments(parser)
    add_common_arguments(parser, 50)


def run(args: argparse.Namespace) -> Report:
    """Time the stages of `repeats` calls at each size."""
    device = prepare(args)
    frames, (checkpoint, remark) = load_frames(args), load_checkpoint(args)
    rows = []
    for size, engine in itertools.product(args.size, args.engine):
        segmenter = InstanceSegmenter(checkpoint, str(device), size, engine=engine)
        stages = measure(segmenter, frames, args.repeats, args.batch)
        rows += [{'engine': segmenter.engine.name, **row} for row in _rows(size, stages)]
        segmenter.close()
    source = 'given' if args.images else 'drawn'
    return Report('pipeline', ('engine', 'size', 'stage'), rows, settings(args), [
        f'{len(frames)} {source} images of {args.image_size[0]}x{args.image_size[1]}, '
        f'{args.batch} at once.', remark,
        f'over_network: p50 over that of the bare network, measured in turn with "{TOTAL}". '
        'Decoding, messages, overlay and colour images are not part of that total; the node '
        'computes these images only while they are subscribed.'])


def measure(segmenter: InstanceSegmenter, frames: list[np.ndarray], repeats: int,
            batch: int = 1) -> dict[str, Times]:
    """Return the times of each stage, of the whole, and of the bare network."""
    device = segmenter.device
    network, image = _bare_network(segmenter, batch)
    files = [cv2.imencode('.jpg', frame[..., ::-1])[1].tobytes() for frame in frames]
    to_messages = _message_maker()

    def once(k: int) -> dict[str, float]:
        images, found = [frames[(k + n) % len(frames)] for n in range(batch)], []
        file = files[k % len(files)]
        ms = {'decode': time_once(lambda: decode_compressed('jpeg', file))}
        whole = time_once(lambda: found.extend(segmenter(images)), device)
        ms |= found[0].timings_ms
        if to_messages:
            ms['messages'] = time_once(lambda: to_messages(found[0], images[0]))
        ms['overlay'] = time_once(lambda: draw_overlay(images[0], found[0]))
        ms['colour images'] = time_once(lambda: _color_images(found[0]))
        with torch.inference_mode():
            return {**ms, TOTAL: whole, NETWORK: time_once(lambda: network(image), device)}

    segmenter.warm_up(batch)
    once(0), once(1)
    rounds = [once(k) for k in tqdm(range(repeats), 'frames', leave=False, disable=None)]
    return {stage: Times(tuple(ms[stage] for ms in rounds)) for stage in rounds[0]}


def _color_images(result: InstanceMap) -> None:
    """Compute both; as in the node, each is released before the next."""
    class_color_image(result)
    instance_color_image(result)


def _bare_network(segmenter: InstanceSegmenter, batch: int):
    width, height = network_size(segmenter.input_size, (1280, 720))
    place = {'device': segmenter.device, 'dtype': half_or_float(segmenter.device),
             'memory_format': torch.channels_last}
    return (build_pipeline(segmenter.checkpoint).to(**place),
            torch.randn(batch, 3, height, width).to(**place))


def _message_maker() -> Callable[[InstanceMap, np.ndarray], object] | None:
    """Return what fills the node's messages, or None where ROS is not installed."""
    try:
        from ..ros.installed_messages import message_class
        from ..ros.message_conversion import to_message
    except ImportError:
        return None
    header_class = message_class('std_msgs/msg/Header')
    if header_class is None:
        return None
    processor, header = FrameProcessor(), header_class()
    made = [(output, message_class(output.type)) for output in outputs_of(CameraSettings())
            if not output.on_request]

    def fill(result: InstanceMap, image: np.ndarray) -> list:
        frame = processor.finish(processor.prepare(image), result, header)
        return [to_message(kind, output.build(frame)) for output, kind in made]

    return fill


def _rows(size: tuple[int, int], stages: dict[str, Times]) -> list[dict]:
    bare = stages[NETWORK].median
    return [{'size': f'{size[0]}x{size[1]}', 'stage': name, 'p50_ms': stages[name].median,
             'p95_ms': stages[name].percentile(95), 'p99_ms': stages[name].percentile(99),
             'spread_ms': stages[name].spread, 'over_network': stages[name].median / bare}
            for name in stages]
