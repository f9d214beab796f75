# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make the scores of a checkpoint probabilities: how likely an instance is to be right.

Right means an intersection over union above 0.5 with a true object of the class. Use the data
that the network was trained on, or better some that it has not seen; never a test set.
"""
from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .options import result_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('checkpoint', type=Path, help='weights (.safetensors)')
    parser.add_argument('--data', type=Path, nargs='+', required=True, metavar='DIR',
                        help='folders of CamVid (objects are pasted over its frames) or in the '
                             'layout of Cityscapes; their training parts')
    parser.add_argument('--config', type=Path, metavar='FILE',
                        help="recipe whose sources settings count (such as the run's)")
    parser.add_argument('--pictures', type=int, default=200, metavar='N',
                        help='drawn from each folder (200)')
    parser.add_argument('--seed', type=int, default=1, help='of the drawing (1)')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--output', type=result_file, required=True, metavar='FILE',
                        help='where the calibrated checkpoint is written')


def run(args: argparse.Namespace) -> None:
    """Judge the clusters of training pictures, fit, write."""
    from ..checkpoint import Checkpoint
    from ..segmenter import InstanceSegmenter
    from ..training.calibration import fit, judge
    from ..training.data import shares
    from ..training.recipe import Recipe, load_recipe

    checkpoint = Checkpoint.load(args.checkpoint)
    recipe = load_recipe(args.config) if args.config else Recipe()
    recipe = dataclasses.replace(recipe, label_set=checkpoint.label_set.name)
    sources = [share.source for share in shares(recipe, tuple(args.data))]
    segmenter = InstanceSegmenter(checkpoint, args.device)
    drawn = (source.draw(np.random.default_rng((args.seed, k, n)))
             for k, source in enumerate(sources) for n in range(args.pictures))
    total = args.pictures * len(sources)
    judged = judge(segmenter, tqdm(drawn, 'pictures', total, disable=None))
    names = checkpoint.label_set.names
    checkpoint.confidence = fit(judged, names)
    checkpoint.save(args.output)
    for channel in np.unique(judged.channel):
        right = judged.right[judged.channel == channel]
        own = 'own weights' if names[channel] in checkpoint.confidence else 'shared weights'
        print(f'{names[channel]}: {right.sum()} of {len(right)} clusters right; {own}')
