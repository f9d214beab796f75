# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tracking of a frame, compared with the mask overlap of every pair and the same assignment."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..arguments import image_size
from ..core.instances import Instance, InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..perception.tracking.tracker import Tracker
from .arguments import settings
from .measure import Times
from .report import Report

SIZES = ((1280, 720), (1920, 1080))
_LABELS = LabelSet.named('cityscapes')
_CAR = _LABELS.by_name('car')
_FRAMES, _HZ, _DIMS = 20, 10.0, 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--sizes', nargs='+', type=image_size, default=list(SIZES), metavar='WxH',
                        help='of the masks')
    parser.add_argument('--instances', nargs='+', type=int, default=[10, 50], metavar='N')
    parser.add_argument('--repeats', type=int, default=10, metavar='N',
                        help=f'drives of {_FRAMES} frames to time (10)')


def run(args: argparse.Namespace) -> Report:
    """Follow boxes that drift through the image."""
    rows = []
    for size in args.sizes:
        for count in args.instances:
            frames = drive(size, count)
            case = {'size': f'{size[0]}x{size[1]}', 'instances': count}
            pairs = _cpu_ms(lambda frames=frames: _pair_by_pair(*frames[:2]))
            ours = Times(tuple(_drive_ms(frames) for _ in range(args.repeats)))
            rows += [{**case, 'method': 'masks pair by pair', 'median_ms': pairs},
                     {**case, 'method': 'ours', 'median_ms': ours.median,
                      'p95_ms': ours.percentile(95), 'best_ms': min(ours.ms)}]
    return Report('tracking', ('size', 'instances', 'method'), rows, settings(args), [
        f'Milliseconds of processor time a frame; drives of {_FRAMES} frames with drifting boxes, '
        'whose numbers are shuffled in each.',
        'masks pair by pair: their overlap at full size and the assignment; timed once.'])


def _cpu_ms(function: Callable[[], object]) -> float:
    """Time a call by how long it keeps the processor busy: other processes do not count."""
    begin = time.thread_time()
    function()
    return (time.thread_time() - begin) * 1e3


def _drive_ms(frames: list[InstanceMap]) -> float:
    """Return the time of a frame; maps are modified and freed, as in the node."""
    tracker, total = Tracker(), 0.0
    for t, found in enumerate(frames):
        found = replace(found, instance_mask=found.instance_mask.copy())
        total += _cpu_ms(lambda found=found, t=t: tracker(found, t / _HZ, in_place=True))
    return total / len(frames)


def drive(size: tuple[int, int], count: int, seed: int = 0) -> list[InstanceMap]:
    """Return frames of cars that drift, with numbers in a new order in each of them."""
    rng, (width, height) = np.random.default_rng(seed), size
    places, speeds = rng.uniform(0, 1, (count, 2)), rng.uniform(-0.01, 0.01, (count, 2))
    embeddings = rng.normal(0, 3, (count, _DIMS)).astype(np.float32)
    return [_frame((places + t * speeds) % 1 * (0.93 * width, 0.9 * height), size, embeddings,
                   rng.permutation(count)) for t in range(_FRAMES)]


def _frame(corners: np.ndarray, size: tuple[int, int], embeddings: np.ndarray,
           numbers: np.ndarray) -> InstanceMap:
    width, height = size
    mask = np.zeros((height, width), np.uint16)
    for (x, y), number in zip(corners.astype(int), numbers, strict=True):
        mask[y:y + height // 12, x:x + width // 19] = _CAR.id * INSTANCE_FACTOR + number
    found = InstanceMap.from_masks(_LABELS, (mask > 0).astype(np.uint8) * _CAR.id, mask)
    owner = np.argsort(numbers)
    return InstanceMap(_LABELS, found.class_mask, mask, tuple(
        Instance(i.id, i.label, i.label_id, i.score, i.box, i.area,
                 embeddings[owner[i.id % INSTANCE_FACTOR]]) for i in found.instances))


def follow(frames: list[InstanceMap]) -> list[InstanceMap]:
    """Track a drive."""
    tracker = Tracker()
    return [tracker(found, t / _HZ) for t, found in enumerate(frames)]


def _pair_by_pair(before: InstanceMap, found: InstanceMap) -> None:
    masks, others = ([f.mask_of(i) for i in f.instances] for f in (before, found))
    overlap = np.array([[(a & b).sum() / (a | b).sum() for b in others] for a in masks])
    linear_sum_assignment(overlap, maximize=True)
