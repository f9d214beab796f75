# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes samples as data sets: in Cityscapes' layout, or as COCO's JSON."""
from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .rle import encode_rle
from .sample import Sample, ids_of


class Writer(ABC):
    """Writes one split; use it in a `with` block."""

    def __init__(self, root: Path, split: str, label_set: LabelSet) -> None:
        """Refuse a folder that already has files in it."""
        if root.exists() and any(root.iterdir()):
            raise UserError(f'{root}: this folder is not empty; name a new one.')
        self.root, self.split, self.label_set = root, split, label_set

    @abstractmethod
    def add(self, sample: Sample, image: Path | None,
            scores: Mapping[int, float] | None = None) -> None:
        """Write a sample.

        Args:
            sample: its pixels and labels.
            image: file that is copied as it is; None writes the pixels as PNG.
            scores: confidence of instances by id, where a network found them.
        """

    def __enter__(self) -> Writer:
        """Start."""
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        """Finish; `kind`: the exception that ended the block, if any."""
        self.finish(complete=kind is None)

    def finish(self, complete: bool) -> None:       # noqa: B027
        """Write what comes last; without `complete`, remove what is unfinished."""

    def _image(self, sample: Sample, source: Path | None, folder: Path, ending: str) -> Path:
        """Write or copy an image; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f'{sample.name}{ending}{source.suffix if source else ".png"}'
        if path.exists():
            raise UserError(f'{path}: two images have this name; rename one of them.')
        if source:
            shutil.copyfile(source, path)
        else:
            cv2.imwrite(str(path), cv2.cvtColor(sample.image, cv2.COLOR_RGB2BGR))
        return path


class CityscapesWriter(Writer):
    """leftImg8bit/ and gtFine/, under Cityscapes' classes."""

    def __init__(self, root: Path, split: str, label_set: LabelSet) -> None:
        """Refuse other classes: their ids would mean something else there."""
        super().__init__(root, split, label_set)
        if label_set != LabelSet.named('cityscapes'):
            raise UserError("Cityscapes' layout has Cityscapes' classes; write those of label set "
                            f'{label_set.name!r} with --to coco.')

    def add(self, sample: Sample, image: Path | None,
            scores: Mapping[int, float] | None = None) -> None:
        """Write image, labelIds and instanceIds."""
        town = Path(self.split) / 'converted'
        self._image(sample, image, self.root / 'leftImg8bit' / town, '_leftImg8bit')
        folder = self.root / 'gtFine' / town
        folder.mkdir(parents=True, exist_ok=True)
        ids = ids_of(sample, self.label_set)
        labels = np.where(ids >= INSTANCE_FACTOR, ids // INSTANCE_FACTOR, ids)
        for kind, array in (('labelIds', labels.astype(np.uint8)),
                            ('instanceIds', ids.astype(np.uint16))):
            cv2.imwrite(str(folder / f'{sample.name}_gtFine_{kind}.png'), array)


class CocoWriter(Writer):
    """annotations/instances_SPLIT.json and images/SPLIT/; annotations go to the file at once."""

    def __init__(self, root: Path, split: str, label_set: LabelSet,
                 polygons: bool = False) -> None:
        """Start the file; polygons: outlines without holes, for tools that take no RLE."""
        super().__init__(root, split, label_set)
        self._polygons, self._images, self._count = polygons, [], 0
        path = root / 'annotations' / f'instances_{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._part = path, path.with_suffix('.part')
        self._file = self._part.open('w')
        self._file.write('{"annotations": [')

    def add(self, sample: Sample, image: Path | None,
            scores: Mapping[int, float] | None = None) -> None:
        """Write an image and its instances; an unseparated group becomes a crowd region."""
        path = self._image(sample, image, self.root / 'images' / self.split, '')
        height, width = sample.classes.shape
        number = len(self._images) + 1
        self._images.append({'id': number, 'file_name': path.name, 'width': width,
                             'height': height})
        things = {x.id for x in self.label_set.labels if x.has_instances}
        ids = ids_of(sample, self.label_set)
        for value in map(int, np.unique(ids)):
            label_id = value // INSTANCE_FACTOR or value
            if label_id in things:
                score = (scores or {}).get(value)
                self._annotation(number, label_id, ids == value, value < INSTANCE_FACTOR, score)

    def _annotation(self, image: int, label_id: int, mask: np.ndarray, crowd: bool,
                    score: float | None) -> None:
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        self._count += 1
        data = {'id': self._count, 'image_id': image, 'category_id': label_id,
                'bbox': [x, y, w, h], 'area': int(mask.sum()), 'iscrowd': int(crowd),
                'segmentation': (outlines(mask) if self._polygons and not crowd
                                 else encode_rle(mask))}
        data |= {} if score is None else {'score': round(score, 4)}
        self._file.write((',\n' if self._count > 1 else '\n') + json.dumps(data))

    def finish(self, complete: bool) -> None:
        """Write images and categories; after an error, remove the file."""
        categories = [{'id': x.id, 'name': x.name, 'supercategory': ''}
                      for x in self.label_set.labels if x.has_instances]
        self._file.write(f'],\n"images": {json.dumps(self._images)},\n'
                         f'"categories": {json.dumps(categories)}}}\n')
        self._file.close()
        if complete:
            os.replace(self._part, self._path)
        else:
            self._part.unlink()


def outlines(mask: np.ndarray) -> list[list[float]]:
    """Return the outer outlines of a mask, bool (H, W), as polygons around its pixel centres."""
    # Of twice the size, so that no part is a line: pixel x becomes x + .25 and x + .75.
    large = np.repeat(np.repeat(mask.astype(np.uint8), 2, 0), 2, 1)
    contours, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [((contour.reshape(-1, 2) + .5) / 2).ravel().tolist() for contour in contours]


WRITERS = {'cityscapes': CityscapesWriter, 'coco': CocoWriter}
"""What `instance_seg convert` writes, by name."""
