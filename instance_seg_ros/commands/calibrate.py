# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make the scores of a checkpoint probabilities: how likely an instance is to be right.

Right means an intersection over union above 0.5 with a true object of the class. Use images that
the network was not trained on (`--split val`): on those that it was trained on, more clusters are
right, and the scores become too high. Never use a test set. With
`--balance-classes` the class logits are shifted first, to what gives the best mean IoU. What else
is chosen after training (size, bandwidth, weight of the coordinates) is written with the rest.
"""
from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..arguments import (
    add_device_argument,
    add_tuning_arguments,
    class_numbers,
    count,
    result_file,
)
from ..core.errors import UserError
from ..inference.checkpoint_facts import are_groups
from ..inference.segmenter_settings import SegmenterSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('checkpoint', type=Path, help='weights (.safetensors)')
    parser.add_argument('--data', type=Path, nargs='+', required=True, metavar='DIR',
                        help='folders of data sets')
    parser.add_argument('--split', default='train',
                        help='the part of each that is used, for example val (train)')
    parser.add_argument('--config', type=Path, metavar='FILE',
                        help='recipe with the settings of the sources, for example that of the '
                             'run')
    parser.add_argument('--images', type=count, default=200, metavar='N',
                        help='images drawn from each folder (200)')
    parser.add_argument('--balance-classes', action='store_true',
                        help='fit a bias to the logits of each class, which compensates class '
                             'weights of the training')
    parser.add_argument('--shift-classes', type=class_numbers, default={}, metavar='NAME=B,...',
                        help='with --balance-classes: add these to the fitted biases, such as '
                             'rider=-1')
    parser.add_argument('--seed', type=int, default=1, help='random seed (1)')
    add_device_argument(parser)
    parser.add_argument('--output', type=result_file, required=True, metavar='FILE',
                        help='the calibrated checkpoint')
    stored = parser.add_argument_group('stored in the checkpoint')
    add_tuning_arguments(stored)
    stored.add_argument('--class-groups', nargs='*', metavar='NAME,NAME,...',
                        help='classes that are clustered together, such as person,rider '
                             'motorcycle,bicycle: the pixels of an instance elect its class; '
                             'without names: each class alone, as in the paper')
    stored.add_argument('--pixels-per-unit', type=float, metavar='P',
                        help='scale of the pixel coordinates among the embeddings: a larger one '
                             'splits fewer large objects and merges more neighbours')


def run(args: argparse.Namespace) -> None:
    """Fit the scores to the clusters of labelled images, and write the checkpoint."""
    from ..inference.checkpoint import Checkpoint
    from ..inference.segmenter import InstanceSegmenter
    from ..training.calibration import fit, judge
    from ..training.recipe import Recipe, load_recipe
    from ..training.sources import shares

    checkpoint = Checkpoint.load(args.checkpoint)
    if not args.images:
        raise UserError('--images must be positive.')
    _check_shifts(args, checkpoint.label_set.names)
    _choose(checkpoint, args)
    recipe = load_recipe(args.config) if args.config else Recipe()
    recipe = dataclasses.replace(recipe, label_set=checkpoint.label_set.to_dict())
    opened = shares(recipe, tuple(args.data), split=args.split)
    sources = [share.source for share in opened]
    if args.balance_classes:
        _balance(checkpoint, sources, args)
    segmenter = InstanceSegmenter(checkpoint, args.device)
    drawn = (sample for k in range(len(sources)) for sample in _drawn(sources, k, args))
    total = args.images * len(sources)
    judged = judge(segmenter, tqdm(drawn, 'images', total, disable=None))
    names = checkpoint.label_set.names
    checkpoint.confidence = fit(judged, names)
    checkpoint.save(args.output)
    for channel in np.unique(judged.channel):
        right = judged.right[judged.channel == channel]
        own = _origin(checkpoint.confidence, names[channel])
        print(f'{names[channel]}: {right.sum()} of {len(right)} clusters right; {own}')


def _origin(confidence: dict[str, list[float]], name: str) -> str:
    """Return where the weights of a class come from."""
    if name not in confidence:
        return 'weights of all classes'
    shared = confidence[name][:-1] == confidence[''][:-1]
    return 'weights of all classes, own intercept' if shared else 'own weights'


def _check_shifts(args: argparse.Namespace, names: tuple[str, ...]) -> None:
    unknown = sorted(set(args.shift_classes) - set(names))
    if unknown:
        raise UserError(f'--shift-classes: no such class: {", ".join(unknown)}; there are '
                        f'{", ".join(names)}.')
    if args.shift_classes and not args.balance_classes:
        raise UserError('--shift-classes adds to what --balance-classes fits: give both.')


def _choose(checkpoint, args: argparse.Namespace) -> None:
    """Put into the checkpoint what is chosen for it."""
    checkpoint.input_size = args.input_size or checkpoint.input_size
    if args.bandwidth is not None:
        SegmenterSettings({}, {}, {}, ()).changed(checkpoint.label_set, bandwidth=args.bandwidth)
        checkpoint.bandwidth = (checkpoint.bandwidths | args.bandwidth
                                if isinstance(args.bandwidth, dict) else args.bandwidth)
    if args.class_groups is not None:
        checkpoint.class_groups = _groups(args.class_groups, checkpoint)
    if args.pixels_per_unit is not None:
        if not args.pixels_per_unit > 0:
            raise UserError(f'--pixels-per-unit must be positive, not {args.pixels_per_unit}.')
        if not checkpoint.options.get('pixels_per_unit'):
            raise UserError(f'--pixels-per-unit: {args.checkpoint} has no coordinates among its '
                            'embeddings.')
        checkpoint.options = {**checkpoint.options, 'pixels_per_unit': args.pixels_per_unit}


def _groups(texts: list[str], checkpoint) -> list[list[str]]:
    groups = [text.split(',') for text in texts]
    countable = [checkpoint.label_set.names[k] for k in checkpoint.label_set.thing_indices]
    unknown = sorted({name for group in groups for name in group} - set(countable))
    if unknown:
        raise UserError(f'--class-groups: no such class with instances: {", ".join(unknown)}; '
                        f'there are {", ".join(countable)}.')
    if not are_groups(groups):
        raise UserError('--class-groups: a class is in more than one group.')
    return groups


def _drawn(sources: list, k: int, args: argparse.Namespace):
    """Yield the images drawn from source `k`, the same ones each time."""
    return (sources[k].draw(np.random.default_rng((args.seed, k, n)))
            for n in range(args.images))


def _balance(checkpoint, sources: list, args: argparse.Namespace) -> None:
    """Fit the biases of the class logits and put them into the checkpoint."""
    from ..inference.segmenter import InstanceSegmenter
    from ..training.class_bias import add_biases, fit_biases, sample_logits

    segmenter = InstanceSegmenter(checkpoint, args.device)
    pixels = [sample_logits(segmenter, tqdm(_drawn(sources, k, args), 'class logits',
                                            args.images, disable=None), args.seed)
              for k in range(len(sources))]
    segmenter.close()
    biases, names = fit_biases(pixels), checkpoint.label_set.names
    for name, shift in args.shift_classes.items():
        biases[names.index(name)] += shift
    add_biases(checkpoint, biases)
    shifts = (f'{name} {bias:+.1f}' for name, bias in zip(names, biases, strict=True) if bias)
    print('biases: ' + (', '.join(shifts) or 'none'))
