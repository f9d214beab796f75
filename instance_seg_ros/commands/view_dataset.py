# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write a page about a data set: images with their labels, counts, problems."""
from __future__ import annotations

import argparse
from pathlib import Path

from ..arguments import count, result_file
from ..core.label_file import load_label_set, save_label_set
from ..datasets import open_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('folder', type=Path, help='folder of the data set')
    parser.add_argument('--split', default='train', help='train, val or test (train)')
    parser.add_argument('--label-set', type=Path, metavar='FILE',
                        help="label set to map the classes to (YAML); default: the data set's own")
    parser.add_argument('--samples', type=count, default=24, metavar='N',
                        help='images to show, evenly spread (24)')
    parser.add_argument('--output', type=result_file, metavar='FILE',
                        help='page to write (FOLDER.html in the current folder)')
    parser.add_argument('--write-label-set', type=result_file, metavar='FILE',
                        help='write the label set of the page (YAML), to be edited')


def run(args: argparse.Namespace) -> None:
    """Write the page, and the label set where it is asked for."""
    from ..datasets.own_labels import label_set_of
    from ..datasets.page import dataset_page
    label_set = (load_label_set(args.label_set) if args.label_set
                 else label_set_of(args.folder, args.split))
    data = open_dataset(args.folder, args.split, label_set)
    name = args.folder.absolute().name
    output = args.output or Path(f'{name}.html')
    output.write_text(dataset_page(data, f'{name}, {args.split}', args.samples))
    print(f'{len(data)} images, {len(data.problems())} problems; wrote {output}')
    if args.write_label_set:
        save_label_set(args.write_label_set, label_set)
        print(f'Wrote {args.write_label_set}: edit names, colours and map before training.')
