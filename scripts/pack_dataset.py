#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write a data set once more at the size it is trained at, in Cityscapes' layout.

Training then reads and decodes a fraction of the bytes. Frames that are there already are kept, so
an interrupted run is resumed.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from instance_seg_ros.core.errors import UserError  # noqa: E402
from instance_seg_ros.core.labels import LabelSet  # noqa: E402
from instance_seg_ros.datasets import open_dataset  # noqa: E402
from instance_seg_ros.datasets.sample import ids_of  # noqa: E402

SPLITS = ('train', 'val')
LABELS = LabelSet.named('cityscapes')


def main() -> int:
    """Pack each split of the folders; return 2 for folders that hold none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path, nargs='+', help='folders of labelled frames')
    parser.add_argument('--output', type=Path, required=True, metavar='DIR')
    parser.add_argument('--width', type=int, default=1024, metavar='PIXELS',
                        help='wider frames are reduced to it (1024)')
    args = parser.parse_args()
    packed = 0
    with ProcessPoolExecutor() as pool:
        for folder in args.data:
            for split in SPLITS:
                count = _count(folder, split)
                pack = partial(pack_frame, folder, split, args.output, args.width)
                packed += sum(pool.map(pack, range(count), chunksize=8))
                print(f'{folder} {split}: {count} frames', flush=True)
    print(f'{packed} frames in {args.output}')
    return 0 if packed else 2


def _count(folder: Path, split: str) -> int:
    try:
        return len(open_dataset(folder, split, LABELS.name))
    except (UserError, OSError) as error:
        print(f'{folder} {split}: left out: {error}', file=sys.stderr)
        return 0


def pack_frame(folder: Path, split: str, output: Path, width: int, index: int) -> int:
    """Write one frame; return 1, or 0 where the frame cannot be read."""
    city = output / 'leftImg8bit' / split / folder.name
    truth = output / 'gtFine' / split / folder.name
    image_file = city / f'{index:06d}_leftImg8bit.jpg'
    if image_file.exists():
        return 1
    try:
        sample = open_dataset(folder, split, LABELS.name)[index]
    except UserError as error:
        print(error, file=sys.stderr)
        return 0
    height, full_width = sample.image.shape[:2]
    if full_width > width:
        sample = sample.scaled((width, round(height * width / full_width)))
    ids = ids_of(sample, LABELS)
    labels = np.where(ids >= 1000, ids // 1000, ids).astype(np.uint8)
    for path in (city, truth):
        path.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(truth / f'{index:06d}_gtFine_labelIds.png'), labels)
    cv2.imwrite(str(truth / f'{index:06d}_gtFine_instanceIds.png'), ids.astype(np.uint16))
    part = image_file.with_name(f'{index:06d}.part.jpg')
    cv2.imwrite(str(part), sample.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    os.replace(part, image_file)        # last: a frame with an image is complete
    return 1


if __name__ == '__main__':
    sys.exit(main())
