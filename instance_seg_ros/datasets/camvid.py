# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""CamVid: real street frames of 480x360 with class labels, in the layout of SegNet's release.

Folders `train`, `val`, `test` hold the frames; `trainannot`, ... the 11 classes (11 = void);
`train_cityscapes`, `val_cityscapes` the 19 training ids of Cityscapes (255 = void);
`train_instances`, where it exists, instances (16 bit, Cityscapes' label id * 1000 + number).
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .class_sets import code_of
from .reader import Reader
from .sample import IGNORE, Sample, read_map, read_rgb

SPLITS = ('train', 'val', 'test')
_ANNOTATIONS = {'camvid': '{}annot', 'cityscapes': '{}_cityscapes'}
_VOID = {'camvid': 11, 'cityscapes': 255}
AS_SETS = ('sky', 'masonry', 'pole', 'road', 'ground', 'plants', 'sign or light', 'fence',
           'motor vehicle', 'person', 'cyclist')
"""What each class of CamVid stands for: a class of Cityscapes, or one of `CLASS_SETS`."""


class CamVid(Reader):
    """A split of CamVid under the classes of `label_set` ('camvid' or 'cityscapes')."""

    title = 'CamVid'
    layout = ('SPLIT/NAME.jpg, SPLITannot/NAME.png (11 classes), SPLIT_cityscapes/NAME.png; '
              'SPLIT_instances/NAME.png if any')
    licence = 'CamVid (Brostow et al. 2008): academic data set, for research and evaluation'
    own_labels = 'camvid'
    evaluates = ('classes',)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the training part and its annotations."""
        return (root / 'train').is_dir() and (root / 'trainannot').is_dir()

    def __init__(self, root: str | Path, split: str,
                 label_set: LabelSet | str = 'cityscapes', class_sets: bool = False) -> None:
        """List the frames.

        Args:
            root: folder of the data set.
            split: one of `SPLITS`.
            label_set: 'camvid' or 'cityscapes'.
            class_sets: with 'cityscapes', take the hand-made labels alone; classes that CamVid
                merges become sets of classes (`class_sets.CLASS_SETS`).

        Raises:
            UserError: when the folder is not CamVid, or has no such split or label set.
        """
        self.root, self.label_set = Path(root), LabelSet.of(label_set)
        label_set = self.label_set.name
        if split not in SPLITS:
            raise UserError(f'CamVid has the splits {", ".join(SPLITS)}, not {split!r}')
        if label_set not in _ANNOTATIONS:
            raise UserError(f'CamVid has no labels of the set {label_set!r}; '
                            f'take {" or ".join(_ANNOTATIONS)}')
        self._table = self._values(class_sets and label_set == 'cityscapes')
        labels = 'camvid' if class_sets else label_set
        self._void = _VOID[labels]
        self._annotations = Path(root) / _ANNOTATIONS[labels].format(split)
        self._instances = Path(root) / f'{split}_instances'
        self.paths = sorted(p for p in (Path(root) / split).glob('*')
                            if p.suffix.lower() in ('.jpg', '.jpeg', '.png'))
        if not self.paths:
            raise UserError(f'{Path(root) / split}: no CamVid frames here')
        if not self._annotations.is_dir():
            raise UserError(f'{self._annotations}: CamVid {split} has no {label_set} labels here')

    @property
    def has_instances(self) -> bool:
        """Whether things are separated."""
        return self._instances.is_dir() and self.label_set.name == 'cityscapes'

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.paths)

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.paths[index]

    def __getitem__(self, index: int) -> Sample:
        """Read frame `index`; its instance map is all 0 where there are no instances."""
        path = self.paths[index]
        classes = read_map(self._annotations / f'{path.stem}.png').astype(np.uint8)
        classes = np.where(classes == self._void, np.uint8(IGNORE), classes)
        self._check(path, classes)
        instances = self._instance_map(path, classes.shape)
        classes = classes if self._table is None else self._table[classes]
        return Sample(path.stem, read_rgb(path), classes, instances)

    def _instance_map(self, path: Path, shape: tuple[int, int]) -> np.ndarray:
        """Read the separated things of a frame, uint16 (H, W)."""
        if not self.has_instances:
            return np.zeros(shape, np.uint16)
        ids = read_map(self._instances / f'{path.stem}.png').astype(np.uint16)
        return np.where(ids >= INSTANCE_FACTOR, ids, 0).astype(np.uint16)

    def _values(self, class_sets: bool) -> np.ndarray | None:
        if not class_sets:
            return None
        names, table = self.label_set.names, np.full(256, IGNORE, np.uint8)
        table[:len(AS_SETS)] = [names.index(name) if name in names else code_of(name)
                                for name in AS_SETS]
        return table

    def _check(self, path: Path, classes: np.ndarray) -> None:
        known = classes[classes != IGNORE]
        if known.size and known.max() >= len(self.label_set.labels):
            raise UserError(f'{self._annotations / path.stem}.png: class {known.max()} is not one '
                            f'of the {len(self.label_set.labels)} of {self.label_set.name}')
