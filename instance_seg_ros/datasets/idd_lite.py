# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""IDD-Lite: Indian streets with seven coarse classes, most things separated.

train/NNNN.jpg, NNNN_coarse.png (the coarse class, 255 void) and NNNN_instanceIds.png (16 bit:
Cityscapes' label id * 1000 + number, 0 elsewhere). One frame in twenty is held out as `val`.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .class_sets import FIRST_CODE, code_of, set_members
from .reader import Reader
from .sample import IGNORE, Sample, ids_of, read_map, read_rgb

COARSE = ('road', 'ground', 'living', 'vehicle', 'roadside object', 'far object', 'sky')
"""What each coarse class stands for: a class, or a set of `CLASS_SETS`."""
HELD_OUT = 20
"""One frame of so many is for validation."""


class IddLite(Reader):
    """The frames of a split, under Cityscapes' classes and sets of them.

    A pixel of a separated thing has the thing's class, any other the class or set of its coarse
    label.
    """

    title = 'IDD-Lite'
    layout = 'train/NNNN.jpg, train/NNNN_coarse.png (7 classes), train/NNNN_instanceIds.png'
    licence = 'IDD-Lite (Varma et al. 2019): for research and evaluation'
    evaluates = ('instances',)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for coarse labels."""
        return next(root.glob('train/*_coarse.png'), None) is not None

    def __init__(self, root: str | Path, split: str,
                 label_set: LabelSet | str = 'cityscapes') -> None:
        """List the frames; raise UserError when there are none."""
        self.root, self.split, self.label_set = Path(root), split, LabelSet.of(label_set)
        if self.label_set.name != 'cityscapes':
            raise UserError(f'IDD-Lite has the classes of cityscapes, not of '
                            f'{self.label_set.name!r}; set label_set: cityscapes.')
        frames = sorted(p for p in (self.root / 'train').glob('*.jpg'))
        held_out = split == 'val'
        self.paths = [path for k, path in enumerate(frames)
                      if (k % HELD_OUT == HELD_OUT // 2) == held_out]
        if not self.paths:
            raise UserError(f'{self.root}: no IDD-Lite frames (train/NNNN.jpg) in here')
        table = np.full(256, IGNORE, np.uint8)
        table[:len(COARSE)] = [self._value(name) for name in COARSE]
        self._table = table

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.paths)

    def __getitem__(self, index: int) -> Sample:
        """Read one frame; UserError names a file that is missing or broken."""
        classes, instances = self._labels(index)
        return Sample(self.paths[index].stem, read_rgb(self.paths[index]), classes, instances)

    def class_map(self, index: int) -> np.ndarray:
        """Read the classes of one frame alone: uint8 (H, W), 255 = ignore."""
        return self._labels(index)[0]

    def with_truth(self, index: int) -> tuple[Sample, np.ndarray]:
        """Return a sample and its ids; things that are not separated are not scored.

        Sets of classes without instances have the id of their first class, so that false
        positives on them count.
        """
        sample, table = self[index], np.arange(256, dtype=np.uint8)
        for k, members in enumerate(set_members(self.label_set)):
            things = members[list(self.label_set.thing_indices)].any()
            table[FIRST_CODE + k] = IGNORE if things else np.flatnonzero(members)[0]
        return sample, ids_of(replace(sample, classes=table[sample.classes]), self.label_set)

    def _labels(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        path = self.paths[index]
        coarse = read_map(path.with_name(f'{path.stem}_coarse.png'))
        instances = read_map(path.with_name(f'{path.stem}_instanceIds.png')).astype(np.uint16)
        own = self.label_set.index_by_id[(instances // INSTANCE_FACTOR).astype(np.uint8)]
        known = (instances >= INSTANCE_FACTOR) & (own != IGNORE)
        classes = np.where(known, own, self._table[coarse.astype(np.uint8)])
        return classes, np.where(known, instances, 0).astype(np.uint16)

    def _value(self, name: str) -> int:
        names = self.label_set.names
        return names.index(name) if name in names else code_of(name)
