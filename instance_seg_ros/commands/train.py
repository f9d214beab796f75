# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train a network on one or several data sets."""
from __future__ import annotations

import argparse
import dataclasses
import shlex
from pathlib import Path

from ..core.errors import UserError
from ..core.label_file import load_label_set
from ..core.labels import LabelSet
from ..core.package_data import share_file
from ..datasets import DATASETS, open_dataset, recognise
from ..networks import NETWORKS, TASKS

PARTS = ('encoder',)
"""Parts of a network that can be frozen (`training.freeze` needs Lightning)."""

PAPERS = {'both': 'paper.yaml', 'embedding': 'paper_embedding.yaml',
          'semantic': 'enet_semantic.yaml'}
"""Recipes that are taken when none is named."""

MIXED = 'mixed'
"""Each folder is recognised by itself."""

RENDERED = {'rendered': 'cityscapes'}
"""Rendered scenes have the layout of Cityscapes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `instance_seg train`."""
    parser.add_argument('--dataset', choices=(MIXED, *RENDERED, *DATASETS), default=MIXED,
                        help='data set of the folders; mixed: each folder is recognised; sticks: '
                             'synthetic, no folder')
    parser.add_argument('--data', type=Path, nargs='+', default=[], metavar='DIR',
                        help='folders; `instance_seg datasets` lists the layouts')
    parser.add_argument('--network', choices=NETWORKS, help="network (default: the recipe's)")
    parser.add_argument('--task', choices=TASKS,
                        help='task: classes (semantic), embeddings or both (default: the '
                             "recipe's)")
    parser.add_argument('--config', type=Path,
                        help="recipe (YAML), see config/training (default: the paper's for the "
                             'task)')
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help='folder for checkpoints, logs and images')
    parser.add_argument('--resume', action='store_true',
                        help='resume the run in the output folder exactly where it stopped')
    parser.add_argument('--init', type=Path, metavar='FILE',
                        help='initialise from these weights; tensors of other shapes are '
                             'initialised randomly')
    parser.add_argument('--freeze', choices=PARTS,
                        help='part of the network that keeps its weights, for few images')
    parser.add_argument('--steps', type=int, help="steps (default: the recipe's)")
    parser.add_argument('--max-time', metavar='MIN', type=float,
                        help='time limit in minutes; the schedule then follows the clock')
    parser.add_argument('--label-set', type=Path, metavar='FILE',
                        help="own classes (YAML) instead of the recipe's")
    parser.add_argument('--check', action='store_true',
                        help='do not train: read all data once, report counts and problems; exit '
                             'status 1 if there are problems')
    parser.add_argument('--skip-bad', action='store_true',
                        help='skip invalid images')
    parser.add_argument('--workers', type=int, default=1,
                        help='data loading processes per device')
    parser.add_argument('--devices', type=int, default=1, metavar='N',
                        help='GPUs (or, without any, processes) that share each batch')


def run(args: argparse.Namespace) -> int:
    """Train or check; raises UserError for data or recipes that do not fit."""
    from ..training.run import Run, train
    recipe = _recipe(args)
    label_set = LabelSet.of(recipe.label_set)
    _check_folders(args.dataset, args.data, label_set.name)
    _print_classes(args.data, label_set)
    if args.check:
        return _check(args.data, label_set)
    if not args.output:
        raise UserError('Name the folder to write to with --output.')
    train(Run(recipe, tuple(args.data), args.output, _command(args),
              _last(args.output) if args.resume else None, args.init,
              args.max_time * 60 if args.max_time else None, args.workers, args.devices,
              args.skip_bad))
    return 0


def _recipe(args: argparse.Namespace):
    """Return the recipe that is named, or the paper's for the task, with what is given here."""
    from ..training.recipe import load_recipe
    path = args.config or share_file(f'config/training/{PAPERS[args.task or "both"]}')
    if path is None:
        raise UserError('The recipes are not installed; name one with --config.')
    given = {name: getattr(args, name) for name in ('network', 'task', 'steps', 'freeze')
             if getattr(args, name)}
    if args.label_set:
        given['label_set'] = load_label_set(args.label_set).to_dict()
    return dataclasses.replace(load_recipe(path), **given)


def _print_classes(folders: list[Path], label_set: LabelSet) -> None:
    """Print the class mapping of each folder before training."""
    for folder in folders:
        mapping = getattr(open_dataset(folder, 'train', label_set), 'mapping', None)
        if mapping is not None and (mapping.unmapped or not label_set.is_built_in):
            print(f'{folder}: classes under label set {label_set.name!r}\n{mapping}')


def _check(folders: list[Path], label_set: LabelSet) -> int:
    """Print a census of each folder; return 1 when something in them is wrong."""
    from ..datasets.check import census
    broken = 0
    datasets = {str(folder): open_dataset(folder, 'train', label_set) for folder in folders}
    drawn = {'sticks val': DATASETS['sticks'].open(None, 'val', 'sticks')}
    for name, dataset in (datasets or drawn).items():
        result = census(dataset, dataset.label_set, Path(name).name)
        print(f'{name}\n{result}')
        wrong = len(result.broken) + len(result.problems)
        if wrong:
            print(f'{wrong} problems')
        broken += wrong
    return 1 if broken else 0


def _check_folders(dataset: str, folders: list[Path], label_set: str) -> None:
    if (dataset == 'sticks') != (label_set == 'sticks'):
        raise UserError('Sticks are learnt with --dataset sticks and a recipe whose label_set '
                        'is sticks (config/training/sticks.yaml), and nothing else is.')
    if (dataset == 'sticks') != (not folders):
        raise UserError('Name the folders of the data with --data; only sticks have none, they '
                        'are drawn.')
    for folder in folders:
        kind = recognise(folder)
        if dataset != MIXED and kind != RENDERED.get(dataset, dataset):
            raise UserError(f'{folder}: this folder has the layout of {kind}, not of {dataset}.')


def _last(output: Path) -> Path:
    last = output / 'last.ckpt'
    if not last.is_file():
        raise UserError(f'{last}: no run to resume; leave --resume out to start one.')
    return last


def _command(args: argparse.Namespace) -> str:
    """Return the command line, with folders by name instead of by path."""
    words = ['instance_seg', 'train', '--dataset', args.dataset]
    if args.data:
        words += ['--data', *(folder.name for folder in args.data)]
    if args.config:
        words += ['--config', f'config/training/{args.config.name}']
    for name in ('network', 'task', 'freeze'):
        if getattr(args, name):
            words += [f'--{name}', getattr(args, name)]
    if args.label_set:
        words += ['--label-set', args.label_set.name]
    if args.skip_bad:
        words += ['--skip-bad']
    if args.init:
        words += ['--init', args.init.name]
    if args.devices > 1:
        words += ['--devices', str(args.devices)]
    if args.max_time:
        words += ['--max-time', f'{args.max_time:g}']
    if args.steps:
        words += ['--steps', str(args.steps)]
    return shlex.join([*words, '--output', args.output.name])
