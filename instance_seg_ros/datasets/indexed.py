# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Readers that find their images in an index: what all published formats have in common."""
from __future__ import annotations

import zlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..core.errors import UserError
from ..core.labels import IGNORE_INDEX, LabelSet
from .class_map import ClassMap
from .index import ImageRecord, Index, IndexBuilder, Problem, kept_index
from .masks import mask_pixels
from .painter import Painter, Segment
from .reader import Reader
from .sample import Sample, read_map, read_rgb

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
_TENTH = 10


class IndexedReader(Reader):
    """Reads one split through an index.

    Attributes:
        source: the name in `DATASETS`.
        aliases: what the source calls classes of built-in label sets, in lower case with spaces
            for _ and -; a name that ends with * stands for all that begin so.
    """

    source: ClassVar[str]
    aliases: ClassVar[Mapping[str, str]] = {}

    def __init__(self, root: str | Path, split: str, label_set: LabelSet | str = 'cityscapes',
                 skip_bad: bool = False) -> None:
        """Open a split; raise UserError when it has no images, or bad ones.

        Args:
            root: folder of the data set.
            split: `train`, `val` or `test`.
            label_set: what the classes become.
            skip_bad: leave out the images that problems spoil.
        """
        self.root, self.split, self.label_set = Path(root), split, LabelSet.of(label_set)
        files = self.files()
        self.index: Index = kept_index(f'{self.source}:{self.root.absolute()}:{split}',
                                       [f for f in files if f.exists()], self._build)
        self.mapping = ClassMap.of(self.source, self.index.facts['categories'], self.label_set,
                                     self.aliases)
        self._numbers = self.index.numbers(skip_bad=skip_bad)
        if not self._numbers:
            raise UserError(f'{self.root}: no images of split {split!r} here; {self.title} has '
                            f'{self.layout}.')

    @classmethod
    def open(cls, root: Path | None, split: str, label_set: LabelSet | str,
             skip_bad: bool = False) -> IndexedReader:
        """Open a split; see `Reader.open`."""
        return cls(root, split, label_set, skip_bad)

    @property
    def labelled(self) -> np.ndarray:
        """Channels of the label set that the source labels, bool (K,)."""
        return self.mapping.labelled

    @abstractmethod
    def files(self) -> list[Path]:
        """Return the files and folders whose change makes the index invalid."""

    @abstractmethod
    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Put all images and objects of the split into an index; return the source's classes."""

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint an image's objects: crowd regions first, then from the largest on."""
        for item in self.index.objects(record.key):
            mask = mask_pixels(item['segmentation'], painter.shape)
            painter.add(mask, Segment(item['category'], item.get('number', -1), item['crowd']))

    def add_pair(self, builder: IndexBuilder, image: Path, label: Path, name: str = '',
                 **payload: Any) -> None:
        """Put an image with its label image into an index; note what is missing."""
        key = str(image.relative_to(self.root))
        for path in (image, label):
            if not path.is_file():
                builder.problem(key, str(path.relative_to(self.root)), image.stem, 'missing file')
        builder.image(key, name or image.stem, key, image=key,
                      label=str(label.relative_to(self.root)), **payload)

    def label_image(self, record: ImageRecord) -> np.ndarray:
        """Read the label image of a record, of one channel, 8 or 16 bits."""
        return read_map(self.root / record.payload['label'])

    def _build(self, builder: IndexBuilder) -> dict[str, Any]:
        return {'categories': list(self.scan(builder))}

    def __len__(self) -> int:
        """Count the images."""
        return len(self._numbers)

    def __getitem__(self, index: int) -> Sample:
        """Read one image with its labels; UserError names what is missing or broken."""
        return self.with_truth(index)[0]

    def with_truth(self, index: int) -> tuple[Sample, np.ndarray]:
        """Return a sample and its truth, in which background is not void."""
        record = self.index.image(self._numbers[index])
        image = read_rgb(self.root / record.payload['image'])
        width, height = record.payload.get('size') or image.shape[1::-1]
        painter = Painter((height, width), self.mapping)
        try:
            self.paint(record, painter)
        except ValueError as error:
            raise UserError(f'{self.root / record.payload["image"]}: {error}.') from error
        return painter.sample(record.name, image), painter.truth()

    def class_pixels(self) -> np.ndarray | None:
        """Return the pixels of each class by the areas of the objects in the index, float (K,).

        What no object covers belongs to the class of the rest, if the label set has one. Overlaps
        count twice. None for label images, and where the index has no sizes of images.
        """
        counts, pixels = self.index.counts(), self.index.facts['pixels']
        if not counts or not pixels:
            return None
        result = np.zeros(len(self.label_set))
        covered = 0.
        for category, (_, _, area) in counts.items():
            covered += area
            if (channel := self.mapping.channel(category)) != IGNORE_INDEX:
                result[channel] += area
        if self.label_set.rest:
            result[self.label_set.names.index(self.label_set.rest)] += max(0., pixels - covered)
        return result

    def shown(self) -> np.ndarray | None:
        """Return which classes each image shows by the objects in the index, bool (N, K)."""
        pairs = self.index.categories()
        if not pairs:
            return None
        place = {number: k for k, number in enumerate(self._numbers)}
        result = np.zeros((len(place), len(self.label_set)), bool)
        for number, category in pairs:
            channel = self.mapping.channel(category)
            if number in place and channel != IGNORE_INDEX:
                result[place[number], channel] = True
        if self.label_set.rest:
            result[:, self.label_set.names.index(self.label_set.rest)] = True
        return result

    def name(self, index: int) -> str:
        """Return the name of an image, which its predictions go by."""
        return self.index.image(self._numbers[index]).name

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.root / self.index.image(self._numbers[index]).payload['image']

    def problems(self) -> list[Problem]:
        """Return what is wrong with the files."""
        return self.index.problems()


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder and of the folders in it, by name."""
    return sorted(p for p in folder.rglob('*') if p.suffix.lower() in IMAGE_ENDINGS)


def folders_in(folder: Path) -> list[Path]:
    """Return a folder and all folders in it; their times change with their files."""
    return [folder, *sorted(p for p in folder.rglob('*') if p.is_dir())] if folder.is_dir() else []


def in_split(name: str, split: str) -> bool:
    """Return whether an image belongs to a split where the data set has none: 1 in 10 is `val`."""
    stem = Path(name.replace('\\', '/')).stem     # some tools run on Windows
    is_val = zlib.crc32(stem.encode()) % _TENTH == 0
    return is_val if split == 'val' else not is_val if split == 'train' else True
