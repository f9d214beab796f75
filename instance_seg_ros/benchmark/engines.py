# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Agreement of the engines on labelled frames: the same instances, and the same score."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..arguments import add_checkpoint_argument, image_size
from ..core.errors import UserError
from ..core.instances import InstanceMap
from ..datasets import DATASETS, recognise
from ..evaluation.frames import TruthFrame, TruthFrames, open_frames
from ..evaluation.official import Prediction, Scorer
from ..inference.checkpoint import Checkpoint, default_checkpoint
from ..inference.cuda_graph_engine import CudaGraphEngine
from ..inference.engine_choice import ENGINES, missing_packages
from ..inference.segmenter import InstanceSegmenter
from .arguments import add_common_arguments, prepare, settings
from .measure import say
from .report import Report

REFERENCE = 'dynamic shapes, cpu'
RUNTIMES = ENGINES[2:]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--data', type=Path, nargs='+', required=True, metavar='DIR',
                        help='folders of labelled frames')
    parser.add_argument('--split', default='val', help='train, val or test (default: val)')
    parser.add_argument('--limit', type=int, default=20, metavar='N',
                        help='frames of each folder, evenly spread (20)')
    parser.add_argument('--size', type=image_size, metavar='WxH',
                        help="network input; the checkpoint's by default")
    add_checkpoint_argument(parser)
    add_common_arguments(parser, 1)


def run(args: argparse.Namespace) -> Report:
    """Segment the frames of each folder with every engine that this machine has."""
    device = prepare(args)
    checkpoint = Checkpoint.load(args.checkpoint or default_checkpoint())
    runtimes = [name for name in RUNTIMES if not missing_packages(name)]
    segmenters = make_segmenters(checkpoint, str(device), args.size, runtimes)
    rows = []
    for folder in args.data:
        frames = open_frames(_dataset(folder), folder, args.split, args.limit)
        say(frames.name)
        rows += [{'data': frames.name, **row} for row in compare(segmenters, frames)]
    return Report('engines', ('data', 'engine'), rows, settings(args), [
        f'ari: adjusted Rand index of the instance masks against "{REFERENCE}", mean and least '
        'over the frames. same_class: share of pixels whose class is that of the reference. '
        'ap, ap50: official scores, where the data set separates instances.',
        'unclaimed: pixels of thing classes, in thousandths, that no mode had claimed when the '
        'clustering reached its limit of rounds.'])


def make_segmenters(checkpoint: Checkpoint, device: str,
                    size: tuple[int, int] | None,
                    runtimes: Iterable[str] = ()) -> dict[str, InstanceSegmenter]:
    """Return segmenters by the name of their engine, the reference first.

    Args:
        checkpoint: of the network.
        device: of the engines for CUDA, where it is one.
        size: (width, height) of the network's input.
        runtimes: engines other than PyTorch.
    """
    reference = InstanceSegmenter(checkpoint, 'cpu', size)
    result = {REFERENCE: reference, 'fixed shapes, cpu': with_fixed_shapes(reference)}
    for name in runtimes:
        result[f'{name}, cpu'] = InstanceSegmenter(checkpoint, 'cpu', size, engine=name)
    if device.startswith('cuda'):
        for name, half in (('float', False), ('half', True)):
            result[f'fixed shapes, {device}, {name}'] = InstanceSegmenter(
                checkpoint, device, size, half=half)
    return result


def with_fixed_shapes(segmenter: InstanceSegmenter) -> InstanceSegmenter:
    """Return another segmenter on the CPU that runs the work of the engine for CUDA."""
    checkpoint = segmenter.checkpoint
    other = InstanceSegmenter(checkpoint, 'cpu', segmenter.input_size)
    other._engine = CudaGraphEngine(other._engine.network, checkpoint.mean, checkpoint.std,
                                    other.label_set.ids, other.device, False, checkpoint.method,
                                    checkpoint.group_channels)
    return other


def compare(segmenters: Mapping[str, InstanceSegmenter], frames: TruthFrames) -> list[dict]:
    """Return one row for each segmenter; the first one is what the others are compared with."""
    agreements, same_class = ({name: [] for name in segmenters} for _ in range(2))
    scorers = {name: Scorer(label_set=frames.label_set) for name in segmenters
               if frames.has_instances}
    counts = {name: np.zeros(3) for name in segmenters}
    for frame in frames.frames:
        results = {name: s(frame.sample.image) for name, s in segmenters.items()}
        reference = next(iter(results.values()))
        for name, found in results.items():
            agreements[name].append(_agreement(reference, found))
            same_class[name].append(np.mean(found.class_mask == reference.class_mask))
            counts[name] += (len(found.instances), found.unclaimed_pixels,
                             segmenters[name].input_size[0] * segmenters[name].input_size[1])
            if name in scorers:
                _score(scorers[name], frame, found)
    return [{**_row(name, agreements[name], counts[name], scorers.get(name)),
             'same_class': float(np.mean(same_class[name]))} for name in segmenters]


def _agreement(reference: InstanceMap, found: InstanceMap) -> float:
    """Compare the masks where either has an instance; 1 where neither has one."""
    from sklearn.metrics import adjusted_rand_score

    either = (reference.instance_mask > 0) | (found.instance_mask > 0)
    if not either.any():
        return 1.
    return adjusted_rand_score(reference.instance_mask[either], found.instance_mask[either])


def _score(scorer: Scorer, frame: TruthFrame, found: InstanceMap) -> None:
    scorer.add(frame.ids, [Prediction(i.label_id, i.score, found.mask_of(i))
                           for i in found.instances], frame.distances)


def _row(name: str, agreements: Iterable[float], counts: np.ndarray,
         scorer: Scorer | None) -> dict:
    averages = scorer.scores().averages if scorer else {}
    agreements = list(agreements)
    return {'engine': name, 'frames': len(agreements), 'ari': float(np.mean(agreements)),
            'least_ari': float(np.min(agreements)), 'ap': averages.get('allAp'),
            'ap50': averages.get('allAp50%'), 'instances': int(counts[0]),
            'unclaimed': float(1000 * counts[1] / counts[2])}


def _dataset(folder: Path) -> str:
    name = recognise(folder)
    if DATASETS[name].drawn:
        raise UserError(f'{name} is drawn, not read: name another folder.')
    return name
