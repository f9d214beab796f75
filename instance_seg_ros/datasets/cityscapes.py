# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Data in Cityscapes' published layout: the benchmark itself, rendered scenes, your own.

leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png (any usual ending, also without _leftImg8bit),
gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png and ..._instanceIds.png, and, where distances matter,
disparity/ and camera/.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .cityscapes_ids import NAMES, VOID
from .class_map import ClassMap
from .distances import instance_distances
from .indexed import IMAGE_ENDINGS
from .painter import Painter, Segment
from .reader import Reader
from .sample import IGNORE, Sample, read_map, read_rgb

_IMAGE = '_leftImg8bit'
_LABEL_IDS = (*range(34), 255)
"""The ids of Cityscapes' own table, and 255, which many tools write for void."""


class Cityscapes(Reader):
    """One split of a folder in Cityscapes' layout, under the 19 classes.

    Groups (ids below 1000, such as a `car group`) keep their class and are never instances, and
    neither is anything of a class that is not among the 19.
    """

    title = "Cityscapes' layout"
    layout = 'leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png, gtFine/SPLIT/CITY/NAME_gtFine_*.png'
    licence = 'as its owner grants it'

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the folder of images."""
        return (root / 'leftImg8bit').is_dir()

    def __init__(self, root: str | Path, split: str,
                 label_set: LabelSet | str = 'cityscapes') -> None:
        """List the images; raise UserError when there are none."""
        self.root, self.split = Path(root), split
        self.label_set = LabelSet.of(label_set)
        self.mapping = ClassMap.of('cityscapes', NAMES.values(), self.label_set,
                                     dict.fromkeys(VOID, 'ignore'))
        # Built-in sets have names in common by chance: a set of one's own maps classes on purpose.
        other = self.label_set.is_built_in and self.label_set.name != 'cityscapes'
        if other or not self.mapping.labelled.any():
            raise UserError(f"{root}: data in Cityscapes' layout has Cityscapes' classes, not "
                            f'those of label set {self.label_set.name!r}; map them in a label '
                            'file, or set label_set: cityscapes.')
        folder = self.root / 'leftImg8bit' / split
        self.paths = sorted(p for p in folder.glob('*/*')
                            if p.suffix.lower() in IMAGE_ENDINGS)
        if not self.paths:
            raise UserError(f'{folder}: no images CITY/NAME_leftImg8bit.png here.')

    def __len__(self) -> int:
        """Count the images."""
        return len(self.paths)

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.paths[index]

    def __getitem__(self, index: int) -> Sample:
        """Read one image with its labels; UserError names a file that is missing or broken."""
        if self.label_set.name != 'cityscapes':
            return self._mapped(index)[0]
        labels = self._label_ids(index)
        classes = self.label_set.index_by_id[labels]
        # 8 bits where a tool saw that no value is above 255.
        ids = read_map(self.ground_truth(index, 'instanceIds')).astype(np.uint16)
        self._check_agreement(index, labels, ids)
        # Caravans and trailers have instances, but their class is void.
        label = np.minimum(ids // INSTANCE_FACTOR, IGNORE).astype(np.uint8)
        instances = np.where(self.label_set.index_by_id[label] != IGNORE, ids, 0).astype(np.uint16)
        return Sample(self.name(index), read_rgb(self.paths[index]), classes, instances)

    def with_truth(self, index: int) -> tuple[Sample, np.ndarray]:
        """Return a sample and its instanceIds as the official scorer reads them."""
        if self.label_set.name != 'cityscapes':
            return self._mapped(index)
        ids = read_map(self.ground_truth(index, 'instanceIds')).astype(np.int32)
        return self[index], ids

    @property
    def labelled(self) -> np.ndarray:
        """Channels of the label set that Cityscapes labels, bool (K,)."""
        return self.mapping.labelled

    def _mapped(self, index: int) -> tuple[Sample, np.ndarray]:
        """Read a sample and its truth under another label set."""
        self._label_ids(index)      # which names unknown ids
        ids = read_map(self.ground_truth(index, 'instanceIds')).astype(np.int32)
        painter = Painter(ids.shape, self.mapping)
        painter.add_values(ids, _segment)
        return painter.sample(self.name(index), read_rgb(self.paths[index])), painter.truth()

    def distances(self, index: int, ids: np.ndarray) -> dict[int, tuple[float, float]] | None:
        """Return distances from the files of disparity and camera; None without them."""
        return instance_distances(self.disparity(index), self.camera(index), ids)

    def class_map(self, index: int) -> np.ndarray:
        """Read the classes of one image alone: uint8 (H, W), 255 = ignore."""
        return self.label_set.index_by_id[self._label_ids(index)]

    def name(self, index: int) -> str:
        """Return CITY_SEQUENCE_FRAME, the stem that all files of an image share."""
        return self.paths[index].stem.removesuffix(_IMAGE)

    def ground_truth(self, index: int, kind: str) -> Path:
        """Path of a label image: kind `labelIds` or `instanceIds`."""
        return self._sibling(index, 'gtFine', f'_gtFine_{kind}.png')

    def disparity(self, index: int) -> Path:
        """Path of the 16 bit disparity image (which may not exist)."""
        return self._sibling(index, 'disparity', '_disparity.png')

    def camera(self, index: int) -> Path:
        """Path of the camera file (which may not exist)."""
        return self._sibling(index, 'camera', '_camera.json')

    def _label_ids(self, index: int) -> np.ndarray:
        """Read labelIds as uint8 (H, W); UserError for ids that are not Cityscapes'."""
        path = self.ground_truth(index, 'labelIds')
        labels = read_map(path)
        unknown = np.setdiff1d(labels, _LABEL_IDS)
        if unknown.size:
            listed = ', '.join(map(str, unknown[:5])) + (', ...' if unknown.size > 5 else '')
            raise UserError(f'{path}: unknown label ids {listed}; those of Cityscapes are 0 to '
                            '33, and 255 for void. Map other ids to 0.')
        return labels.astype(np.uint8)

    def _check_agreement(self, index: int, labels: np.ndarray, ids: np.ndarray) -> None:
        """Refuse maps of different classes, such as training ids under the name labelIds."""
        if labels.shape != ids.shape:
            return      # which `Sample` reports
        inside = ids >= INSTANCE_FACTOR
        wrong = np.count_nonzero(labels[inside] != ids[inside] // INSTANCE_FACTOR)
        if 2 * wrong > np.count_nonzero(inside):
            raise UserError(f"{self.ground_truth(index, 'labelIds')}: its classes are not those "
                            'of the instances in instanceIds.png; are these training ids '
                            '(labelTrainIds)? Label ids are needed.')

    def _sibling(self, index: int, folder: str, ending: str) -> Path:
        city = self.paths[index].parent.name
        return self.root / folder / self.split / city / f'{self.name(index)}{ending}'


def _segment(value: int) -> Segment:
    """Describe a value of instanceIds; ids outside Cityscapes' table are void."""
    label_id = value // INSTANCE_FACTOR if value >= INSTANCE_FACTOR else value
    return Segment(NAMES.get(label_id), -1 if value >= INSTANCE_FACTOR else None)
