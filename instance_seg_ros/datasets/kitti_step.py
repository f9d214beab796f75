# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""KITTI-STEP: videos with a class and a track for every pixel."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..core.labels import LabelSet
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in
from .painter import Painter, Segment
from .sample import IGNORE, read_channels
from .splits import Finder


class KittiStep(IndexedReader):
    """Panoptic PNGs: training id of the class in red, the track in green and blue."""

    source = 'kitti-step'
    title = 'KITTI-STEP'
    layout = ('panoptic_maps/SPLIT/SEQUENCE/FRAME.png, and images/SPLIT/SEQUENCE/FRAME.png or '
              'training/image_02/SEQUENCE/FRAME.png')
    licence = 'KITTI-STEP: CC BY-NC-SA 3.0'

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the panoptic maps."""
        return (root / 'panoptic_maps').is_dir()

    def files(self) -> list[Path]:
        """Return the folders of maps."""
        return folders_in(self._maps)

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """List the maps; their frames are KITTI's tracking images."""
        find = Finder([self.root / 'images' / self.split, self.root / 'training/image_02',
                       self.root / 'image_02', self.root / 'images'])
        for label in images_in(self._maps):
            frame = label.relative_to(self._maps)
            image = find(str(frame)) or find(str(frame.with_suffix('.jpg')))
            self.add_pair(builder, image or self.root / 'images' / self.split / frame, label,
                          '_'.join(frame.with_suffix('').parts))
        return LabelSet.named('cityscapes').names

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint classes and tracks at once."""
        rgb = read_channels(self.root / record.payload['label'], 3).astype(np.int64)
        painter.add_values(rgb @ np.array([1 << 16, 1 << 8, 1]), _segment)

    @property
    def _maps(self) -> Path:
        return self.root / 'panoptic_maps' / self.split


def _segment(value: int) -> Segment:
    channel, track = value >> 16, value & 0xffff
    names = LabelSet.named('cityscapes').names
    if channel == IGNORE:
        return Segment(None)
    if channel >= len(names):
        raise ValueError(f'training id {channel} in a panoptic map; there are 0 to 18, and 255')
    return Segment(names[channel], track or None)
