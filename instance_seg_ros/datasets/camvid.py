# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""CamVid: real street frames of 480x360 with class labels, in the layout of SegNet's release.

Folders `train`, `val`, `test` hold the frames; `trainannot`, ... the 11 classes (11 = void);
`train_cityscapes`, `val_cityscapes` the 19 training ids of Cityscapes (255 = void). CamVid tells
classes apart, never instances.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.errors import UserError
from ..core.labels import LabelSet
from .reader import Reader
from .sample import IGNORE, Sample, read_map, read_rgb

SPLITS = ('train', 'val', 'test')
_ANNOTATIONS = {'camvid': '{}annot', 'cityscapes': '{}_cityscapes'}
_VOID = {'camvid': 11, 'cityscapes': 255}


class CamVid(Reader):
    """A split of CamVid under the classes of `label_set` ('camvid' or 'cityscapes')."""

    title = 'CamVid'
    layout = 'SPLIT/NAME.jpg, SPLITannot/NAME.png (11 classes), SPLIT_cityscapes/NAME.png'
    licence = 'CamVid (Brostow et al. 2008): academic data set, for research and evaluation'
    own_labels = 'camvid'
    evaluates = ('classes',)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the training part and its annotations."""
        return (root / 'train').is_dir() and (root / 'trainannot').is_dir()

    def __init__(self, root: str | Path, split: str,
                 label_set: LabelSet | str = 'cityscapes') -> None:
        """List the frames; raise UserError when the folder is not CamVid."""
        self.root, self.label_set = Path(root), LabelSet.of(label_set)
        label_set = self.label_set.name
        if split not in SPLITS:
            raise UserError(f'CamVid has the splits {", ".join(SPLITS)}, not {split!r}')
        if label_set not in _ANNOTATIONS:
            raise UserError(f'CamVid has no labels of the set {label_set!r}; '
                            f'take {" or ".join(_ANNOTATIONS)}')
        self._void = _VOID[label_set]
        self._annotations = Path(root) / _ANNOTATIONS[label_set].format(split)
        self.paths = sorted(p for p in (Path(root) / split).glob('*')
                            if p.suffix.lower() in ('.jpg', '.jpeg', '.png'))
        if not self.paths:
            raise UserError(f'{Path(root) / split}: no CamVid frames here')
        if not self._annotations.is_dir():
            raise UserError(f'{self._annotations}: CamVid {split} has no {label_set} labels here')

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.paths)

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return self.paths[index]

    def __getitem__(self, index: int) -> Sample:
        """Read frame `index`; its instance map is all 0."""
        path = self.paths[index]
        classes = read_map(self._annotations / f'{path.stem}.png').astype(np.uint8)
        classes = np.where(classes == self._void, np.uint8(IGNORE), classes)
        self._check(path, classes)
        return Sample(path.stem, read_rgb(path), classes, np.zeros(classes.shape, np.uint16))

    def _check(self, path: Path, classes: np.ndarray) -> None:
        known = classes[classes != IGNORE]
        if known.size and known.max() >= len(self.label_set.labels):
            raise UserError(f'{self._annotations / path.stem}.png: class {known.max()} is not one '
                            f'of the {len(self.label_set.labels)} of {self.label_set.name}')
