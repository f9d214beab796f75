# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Convert a data set to Cityscapes' layout or COCO's JSON, or write predictions as one.

With --checkpoint, the instances that the network finds are written in place of the annotations,
so that they can be corrected in an annotation tool. The input may then be a folder of images.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..arguments import add_network_arguments
from ..core.errors import UserError
from ..core.instances import SCORE_THRESHOLD
from ..core.label_file import load_label_set
from ..core.labels import LabelSet
from ..datasets import open_sound
from ..datasets.own_labels import label_set_of
from ..datasets.sample import Sample, read_rgb
from ..datasets.writers import WRITERS, CocoWriter, Writer

Item = tuple[Sample, Path | None, Mapping[int, float] | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('input', type=Path, help='folder of a data set, or of images')
    parser.add_argument('output', type=Path, help='new folder')
    parser.add_argument('--to', choices=WRITERS, default='coco', help='layout to write (coco)')
    parser.add_argument('--split', default='train', help='train, val or test (train)')
    parser.add_argument('--label-set', type=Path, metavar='FILE',
                        help="label set to map the classes to (YAML); default: the data set's own")
    parser.add_argument('--polygons', action='store_true',
                        help='outlines instead of RLE in COCO JSON; holes are filled')
    parser.add_argument('--skip-bad', action='store_true',
                        help='skip invalid images')
    add_network_arguments(parser.add_argument_group('network: write its predictions instead'))
    parser.add_argument('--score-threshold', type=float, default=SCORE_THRESHOLD, metavar='T',
                        help=f'leave out predictions below this score ({SCORE_THRESHOLD})')


def run(args: argparse.Namespace) -> None:
    """Write every sample of the split."""
    if args.polygons and args.to != 'coco':
        raise UserError('--polygons is a form of COCO JSON; give it with --to coco.')
    label_set, count, items = _predicted(args) if args.checkpoint else _annotated(args)
    with _writer(args, label_set) as writer:
        for sample, image, scores in tqdm(items, 'images', count, file=sys.stderr, disable=None):
            writer.add(sample, image, scores)
    print(f'Wrote {count} images to {args.output}')


def _writer(args: argparse.Namespace, label_set: LabelSet) -> Writer:
    if args.polygons:
        return CocoWriter(args.output, args.split, label_set, polygons=True)
    return WRITERS[args.to](args.output, args.split, label_set)


def _annotated(args: argparse.Namespace) -> tuple[LabelSet, int, Iterator[Item]]:
    if args.label_set:
        label_set = load_label_set(args.label_set)
    else:
        label_set = (LabelSet.named('cityscapes') if args.to == 'cityscapes'
                     else label_set_of(args.input, args.split))
    data = open_sound(args.input, args.split, label_set, args.skip_bad)
    return label_set, len(data), ((data[k], data.image_path(k), None) for k in range(len(data)))


def _predicted(args: argparse.Namespace) -> tuple[LabelSet, int, Iterator[Item]]:
    from ..inference.segmenter import InstanceSegmenter
    segmenter = InstanceSegmenter.from_checkpoint(
        args.checkpoint, semantic_checkpoint=args.semantic_checkpoint, device=args.device,
        bandwidth=args.bandwidth, input_size=args.input_size, engine=args.engine,
        engine_provider=args.engine_provider, score_threshold=args.score_threshold)
    paths = _images(args)
    return segmenter.label_set, len(paths), (_prediction(segmenter, path) for path in paths)


def _prediction(segmenter, path: Path) -> Item:
    image = read_rgb(path)
    found = segmenter(image)
    classes = segmenter.label_set.index_by_id[found.class_mask]
    scores = {instance.id: instance.score for instance in found.instances}
    return (Sample(path.stem, image, classes, found.instance_mask.astype(np.uint16)), path, scores)


def _images(args: argparse.Namespace) -> list[Path]:
    """Return the images of a data set, or of a folder that is none."""
    from ..datasets import DATASETS, open_dataset
    from ..datasets.indexed import images_in
    if any(reader.recognises(args.input) for reader in DATASETS.values() if not reader.drawn):
        data = open_dataset(args.input, args.split, 'cityscapes')
        return [data.image_path(index) for index in range(len(data))]
    paths = images_in(args.input)
    if not paths:
        raise UserError(f'{args.input}: no images here.')
    return paths
