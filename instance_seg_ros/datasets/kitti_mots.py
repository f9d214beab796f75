# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The KITTI MOTS sample: one real drive with instance masks, for validation and tracking only."""
from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .reader import Reader
from .sample import IGNORE, Sample, read_rgb

_CATEGORIES = {1: 'person', 3: 'car'}
_ELSE = 'road'
"""What pixels without any mask count as: anything but a car or a person."""


class KittiMots(Reader):
    """The frames of the drive.

    An instance's number is its track's, so the same object keeps its id through the drive.
    """

    title = 'KITTI MOTS'
    layout = 'images/NAME, instances.json (COCO RLE with track_id)'
    licence = 'KITTI MOTS: CC BY-NC-SA 3.0'
    evaluates = ('instances',)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the file of masks."""
        return (root / 'instances.json').is_file()

    def __init__(self, root: str | Path, split: str = 'val',
                 label_set: LabelSet | str = 'cityscapes') -> None:
        """Read instances.json, the same for every split; raise UserError when it is damaged."""
        self.root = Path(root)
        path = self.root / 'instances.json'
        try:
            data = json.loads(path.read_text())
        except OSError as error:
            raise UserError(f'{path}: cannot read it ({error.strerror})') from error
        except ValueError as error:
            raise UserError(f'{path}: this is not JSON ({error})') from error
        self._masks = defaultdict(list)
        for annotation in data['annotations']:
            self._masks[annotation['image_id']].append(annotation)
        self.images = data['images']  # a frame without masks is one without objects
        self.label_set = LabelSet.of(label_set)

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.images)

    def __getitem__(self, index: int) -> Sample:
        """Return one frame."""
        return self.with_truth(index)[0]

    def with_truth(self, index: int) -> tuple[Sample, np.ndarray]:
        """Return one frame and its truth, in which only ignore regions are 0."""
        record = self.images[index]
        names = self.label_set.names
        ids = np.full((record['height'], record['width']), self.label_set.by_name(_ELSE).id,
                      np.int32)
        # Ignore regions first: an object's own mask wins where both claim a pixel.
        for annotation in sorted(self._masks[record['id']], key=lambda a: -a.get('iscrowd', 0)):
            mask = decode_rle(annotation['segmentation'])
            if annotation.get('iscrowd'):
                ids[mask] = 0
            else:
                label = self.label_set.by_name(_CATEGORIES[annotation['category_id']])
                number = annotation['track_id'] % INSTANCE_FACTOR
                ids[mask] = label.id * INSTANCE_FACTOR + number
        classes = np.full(ids.shape, IGNORE, np.uint8)
        for name in _CATEGORIES.values():
            label = self.label_set.by_name(name)
            classes[ids // INSTANCE_FACTOR == label.id] = names.index(name)
        instances = np.where(ids >= INSTANCE_FACTOR, ids, 0).astype(np.uint16)
        image = read_rgb(self.root / 'images' / record['file_name'])
        return Sample(record['file_name'], image, classes, instances), ids


def decode_rle(segmentation: dict) -> np.ndarray:
    """Decode COCO's run-length form, lists or compressed text, to bool (H, W)."""
    height, width = segmentation['size']
    counts = segmentation['counts']
    runs = _runs(counts) if isinstance(counts, str) else counts
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def _runs(text: str) -> list[int]:
    """Run lengths from COCO's text: 5 bits a character, each run relative to the last but one."""
    runs: list[int] = []
    value = shift = 0
    for character in text.encode():
        bits = character - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
