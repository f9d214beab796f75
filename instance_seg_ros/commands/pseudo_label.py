# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Label the images of a folder, video or bag with what the network finds reliably.

Each image is segmented as it is, mirrored, larger and in other colours; in videos and bags the
frames before and after it are segmented, too. Pixels and instances on which the results agree are
written in Cityscapes' layout; all others are void. They are meant for `train --init`, to adapt the
weights to the camera.
"""
from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .. import arguments as options
from ..arguments import add_checkpoint_argument
from ..core.errors import UserError
from ..datasets.sample import IGNORE, Sample
from ..datasets.writers import CityscapesWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('input', type=Path, help='folder of images, video, or bag')
    parser.add_argument('--output', type=options.output_folder, required=True, metavar='DIR',
                        help='new folder for the data set')
    parser.add_argument('--image-topic', type=options.topic_name, metavar='TOPIC',
                        help='image topic if the bag has several')
    parser.add_argument('--every', type=int, default=1, metavar='N',
                        help='label every N-th image (1)')
    parser.add_argument('--limit', type=options.count, metavar='N', help='label at most N images')
    parser.add_argument('--probability', type=float, default=0.7, metavar='P',
                        help='least probability of the class of a pixel (0.7)')
    parser.add_argument('--score', type=float, default=0.5, metavar='S',
                        help='least score of an instance (0.5)')
    parser.add_argument('--overlap', type=float, default=0.7, metavar='IOU',
                        help='least IoU of an instance with its counterpart in each view (0.7)')
    group = parser.add_argument_group('network')
    add_checkpoint_argument(group)
    options.add_device_argument(group)
    group.add_argument('--input-size', type=options.input_size, metavar='WxH',
                       help='input size of the network, or its height')


def run(args: argparse.Namespace) -> None:
    """Label the images and print what was kept."""
    from ..inference.checkpoint import Checkpoint, default_checkpoint
    from ..training.pseudo_labels import PseudoLabeller, Thresholds
    from ..training.unlabelled import unlabelled_images
    thresholds = Thresholds(args.probability, args.score, args.overlap)
    labeller = PseudoLabeller(Checkpoint.load(args.checkpoint or default_checkpoint()),
                              args.device, args.input_size, thresholds)
    unlabelled = islice(unlabelled_images(args.input, args.image_topic, args.every), args.limit)
    summary = _Summary()
    with CityscapesWriter(args.output, 'train', labeller.label_set) as writer:
        for item in tqdm(unlabelled, 'images', file=sys.stderr, disable=None):
            sample = labeller(item.name, item.image, item.neighbours)
            writer.add(sample, None)
            summary.add(sample)
    print(summary.text(args.output))


class _Summary:
    """Counts of what was labelled."""

    def __init__(self) -> None:
        self._images, self._instances, self._shares = 0, 0, []

    def add(self, sample: Sample) -> None:
        self._images += 1
        self._instances += len(np.unique(sample.instances[sample.instances > 0]))
        self._shares.append(float((sample.classes != IGNORE).mean()))

    def text(self, output: Path) -> str:
        if not self._images:
            raise UserError('No image could be labelled.')
        return (f'Wrote {self._images} images to {output}: {100 * np.mean(self._shares):.0f} % of '
                f'the pixels and {self._instances} instances are labelled.')
