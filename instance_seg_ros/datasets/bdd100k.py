# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""BDD100K's instance segmentation as bitmasks, with its semantic masks where they are there."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..core.labels import LabelSet
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in
from .painter import Painter, Segment
from .sample import IGNORE, read_channels, read_map
from .scalabel import BDD100K_CLASSES

_CATEGORIES = ('pedestrian', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle')
"""Classes of the first channel, from 1 on."""
_CROWD, _IGNORED = 2, 1
"""Bits of the second channel."""


class Bdd100k(IndexedReader):
    """RGBA bitmasks: class, attributes, and the instance in the last two channels."""

    source = 'bdd100k'
    title = 'BDD100K'
    layout = ('images/10k/SPLIT/NAME.jpg, labels/ins_seg/bitmasks/SPLIT/NAME.png, '
              'labels/sem_seg/masks/SPLIT/NAME.png (optional)')
    licence = 'BDD100K: non-commercial research, see its licence'
    aliases = BDD100K_CLASSES

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the folder of bitmasks."""
        return (root / 'labels/ins_seg/bitmasks').is_dir()

    def files(self) -> list[Path]:
        """Return the folders of labels and images."""
        return [*folders_in(self._bitmasks), *self._image_folders(), self._semantics]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """List the bitmasks; an image without one is not labelled."""
        for label in images_in(self._bitmasks):
            images = [folder / f'{label.stem}.jpg' for folder in self._image_folders()]
            found = next((p for p in images if p.is_file()), images[0])
            self.add_pair(builder, found, label)
        return (*_CATEGORIES, *LabelSet.named('cityscapes').names)

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint the semantic mask, then the instances over it."""
        semantics = self._semantics / Path(record.payload['label']).name
        if semantics.is_file():
            names = LabelSet.named('cityscapes').names
            painter.add_values(read_map(semantics), lambda v: Segment(
                None if v == IGNORE else names[v]))
        rgba = read_channels(self.root / record.payload['label'], 4).astype(np.int64)
        painter.add_values(rgba @ np.array([1 << 24, 1 << 16, 1 << 8, 1]), _segment)

    @property
    def _bitmasks(self) -> Path:
        return self.root / 'labels/ins_seg/bitmasks' / self.split

    @property
    def _semantics(self) -> Path:
        return self.root / 'labels/sem_seg/masks' / self.split

    def _image_folders(self) -> list[Path]:
        return [self.root / 'images' / part / self.split for part in ('10k', '100k', '')]


def _segment(value: int) -> Segment | None:
    category, attributes = value >> 24, value >> 16 & 255
    if category == 0:
        return Segment(None) if attributes & _IGNORED else None
    if category > len(_CATEGORIES):
        raise ValueError(f'class {category} in a bitmask; there are 1 to {len(_CATEGORIES)}')
    return Segment(_CATEGORIES[category - 1], -1, bool(attributes & (_CROWD | _IGNORED)))
