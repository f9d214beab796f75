# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""KITTI's semantic and instance segmentation benchmark (2015): 200 images."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .cityscapes_ids import NAMES, VOID
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in, in_split
from .painter import Painter, Segment

_FACTOR = 256
"""Instance images contain Cityscapes' label id * 256 + number, number 0 where there is none."""


class KittiSemantics(IndexedReader):
    """Classes and instances under Cityscapes' label ids; one image in ten is for validation."""

    source = 'kitti-semantics'
    title = 'KITTI semantics and instances 2015'
    layout = 'training/image_2/NAME.png, training/instance/NAME.png'
    licence = 'KITTI: CC BY-NC-SA 3.0'
    aliases = dict.fromkeys(VOID, 'ignore')

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for images and instances."""
        return all((root / 'training' / name).is_dir() for name in ('image_2', 'instance'))

    def files(self) -> list[Path]:
        """Return the folders of images and instances."""
        part = self.root / 'training'
        return [*folders_in(part / 'image_2'), *folders_in(part / 'instance')]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """List the images."""
        part = self.root / 'training'
        for image in images_in(part / 'image_2'):
            if in_split(image.name, self.split):
                self.add_pair(builder, image, part / 'instance' / image.name)
        return NAMES.values()

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint classes and instances at once."""
        painter.add_values(self.label_image(record), _segment)


def _segment(value: int) -> Segment:
    label_id, number = divmod(value, _FACTOR)
    if label_id not in NAMES:
        raise ValueError(f"label id {label_id} is not one of Cityscapes', 0 to 33")
    return Segment(NAMES[label_id], -1 if number else None)
