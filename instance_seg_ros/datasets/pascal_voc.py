# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pascal VOC's segmentation, also with classes of one's own (labelmap.txt, as CVAT writes it)."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in, in_split
from .painter import Painter, Segment
from .sample import read_channels
from .splits import Finder

NAMES = ('background', 'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat',
         'chair', 'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant',
         'sheep', 'sofa', 'train', 'tvmonitor')
_BORDER = 224 << 16 | 224 << 8 | 192


class PascalVoc(IndexedReader):
    """Colours for classes and objects; background is what no object covers, borders are void."""

    source = 'pascal-voc'
    title = 'Pascal VOC segmentation'
    layout = ('JPEGImages/NAME.jpg, SegmentationClass/NAME.png, SegmentationObject/NAME.png, '
              'ImageSets/Segmentation/SPLIT.txt, labelmap.txt (own classes)')
    licence = 'as its owner grants it (VOC itself: images of Flickr)'
    evaluates = ('instances',)
    aliases = {'motorbike': 'motorcycle'}

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for images and their classes."""
        return (root / 'JPEGImages').is_dir() and (root / 'SegmentationClass').is_dir()

    def files(self) -> list[Path]:
        """Return the lists and the folders of images and labels."""
        folders = (self.root / 'JPEGImages', self.root / 'SegmentationClass')
        return [*(f for folder in folders for f in folders_in(folder)), self._list,
                self.root / 'labelmap.txt']

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """List the images of the split; without lists one in ten is for validation."""
        find = Finder([self.root / 'JPEGImages'])
        for name in self._names():
            image = find(f'{name}.jpg') or find(f'{name}.png') or find(f'{name}.jpeg')
            self.add_pair(builder, image or self.root / 'JPEGImages' / f'{name}.jpg',
                          self.root / 'SegmentationClass' / f'{name}.png')
        return self._colors().values()

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint the objects by the colours of both images."""
        names, label = self._colors(), self.root / record.payload['label']
        objects = self.root / 'SegmentationObject' / label.name
        classes = _colors_of(label)
        apart = objects.is_file()
        values = classes << 24 | (_colors_of(objects) if apart else 0)

        def segment(value: int) -> Segment | None:
            name = names.get(value >> 24)
            if name is None and value >> 24 != _BORDER:
                raise ValueError(f'color {value >> 40}, {value >> 32 & 255}, {value >> 24 & 255} '
                                 'is not that of a class')
            return None if name == 'background' else Segment(name, -1 if apart else None)
        painter.add_values(values, segment)

    @property
    def _list(self) -> Path:
        return self.root / 'ImageSets/Segmentation' / f'{self.split}.txt'

    def _names(self) -> list[str]:
        if self._list.is_file():
            return self._list.read_text().split()
        listed = any((self._list.parent / f'{s}.txt').is_file() for s in ('train', 'val'))
        return [] if listed else [p.stem for p in images_in(self.root / 'SegmentationClass')
                                  if in_split(p.stem, self.split)]

    def _colors(self) -> dict[int, str]:
        """Return class names by colour, 0xRRGGBB."""
        own = self.root / 'labelmap.txt'
        if not own.is_file():
            return {_voc_color(index): name for index, name in enumerate(NAMES)}
        rows = (line.split(':') for line in own.read_text().splitlines()
                if line.strip() and not line.startswith('#'))
        try:
            return {int(np.dot([int(c) for c in row[1].split(',')], [65536, 256, 1])): row[0]
                    for row in rows}
        except (ValueError, IndexError) as error:
            raise UserError(f'{own}: a line is not NAME:R,G,B:: ({error}).') from error


def _voc_color(index: int) -> int:
    """Return the colour of an index in VOC's palette: its bits, dealt to R, G and B in turn."""
    color = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            color[channel] |= (index >> 3 * bit + channel & 1) << 7 - bit
    return color[0] << 16 | color[1] << 8 | color[2]


def _colors_of(path: Path) -> np.ndarray:
    return read_channels(path, 3).astype(np.int64) @ np.array([65536, 256, 1])
