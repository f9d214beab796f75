# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images for benchmarks: the user's own, or a synthetic street."""

from __future__ import annotations

import argparse

import cv2
import numpy as np

from ..arguments import add_checkpoint_argument, image_size
from ..core.errors import UserError
from ..inference.checkpoint import Checkpoint, default_checkpoint, random_checkpoint
from ..io.inputs import find_inputs, read_image


def add_frame_arguments(parser: argparse.ArgumentParser):
    """Declare images, their size and the checkpoint."""
    parser.add_argument('--images', nargs='+', metavar='FILE',
                        help='images or folders (default: a synthetic street)')
    parser.add_argument('--image-size', type=image_size, default=(2048, 1024), metavar='WxH',
                        help='the images are scaled to it first (2048x1024)')
    add_checkpoint_argument(parser)


def add_input_size(parser: argparse.ArgumentParser) -> None:
    """Declare the size at which the network sees the images."""
    parser.add_argument('--input-size', type=image_size, metavar='WxH',
                        help="input size of the network (default: the checkpoint's)")


def load_frames(args: argparse.Namespace, at_most: int = 20) -> list[np.ndarray]:
    """Return RGB frames of the asked size, uint8 (H, W, 3)."""
    if not args.images:
        return [draw_street(args.image_size, seed) for seed in range(4)]
    frames = [read_image(source).image for source in find_inputs(args.images)[:at_most]]
    frames = [cv2.resize(frame, args.image_size) for frame in frames if frame is not None]
    if not frames:
        raise UserError(f'There is no readable image in {" ".join(args.images)}.')
    return frames


def load_checkpoint(args: argparse.Namespace) -> tuple[Checkpoint, str]:
    """Return the checkpoint and a sentence about it; untrained where none is shipped."""
    path = args.checkpoint or default_checkpoint()
    if args.checkpoint is None and not path.is_file():
        return random_checkpoint(), 'The weights are random: clustering is not representative.'
    return Checkpoint.load(path), f'Weights: {path.name}.'


def draw_street(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Draw sky, road and some car-like boxes; enough to keep every stage busy."""
    width, height = size
    random = np.random.default_rng(seed)
    image = np.empty((height, width, 3), np.uint8)
    image[:height // 2], image[height // 2:] = (150, 180, 210), (90, 90, 95)
    for x in random.uniform(0, 0.9, 8):
        w, h = random.uniform(0.05, 0.15, 2)
        corner = (int(x * width), int(0.55 * height))
        opposite = (int((x + w) * width), int((0.55 + 2 * h) * height))
        cv2.rectangle(image, corner, opposite, random.integers(20, 220, 3).tolist(), -1)
        cv2.rectangle(image, corner, opposite, (10, 10, 10), max(1, height // 200))
    return cv2.add(image, random.integers(0, 12, image.shape, dtype=np.uint8))
