# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""List the data sets that can be read, or identify the data set in a folder."""
from __future__ import annotations

import argparse
from pathlib import Path

from ..core.errors import UserError
from ..datasets import DATASETS, open_dataset, recognise

SPLITS = ('train', 'val', 'test')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('folders', type=Path, nargs='*', metavar='DIR',
                        help='folders to recognise; none: list everything that can be read')


def run(args: argparse.Namespace) -> None:
    """Print a line or two for each data set or folder."""
    if not args.folders:
        print('\n'.join(_description(name) for name in DATASETS))
    for folder in args.folders:
        name = recognise(folder)
        counts = ', '.join(f'{split}: {count}' for split in SPLITS
                           if (count := _count(folder, split)))
        print(f'{folder}: {name} ({DATASETS[name].title}); images: {counts or "none"}')


def _description(name: str) -> str:
    reader = DATASETS[name]
    return (f'{name}: {reader.title}\n  layout: {reader.layout}\n  labels: '
            f'{" and ".join(reader.evaluates)}\n  licence: {reader.licence}')


def _count(folder: Path, split: str) -> int:
    try:
        return len(open_dataset(folder, split, DATASETS[recognise(folder)].own_labels))
    except UserError:   # a split that the folder does not have
        return 0
