# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scalabel's JSON, the form of BDD100K's polygons: frames with labels of poly2d or RLE."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from .coco import json_files
from .index import IndexBuilder
from .indexed import IndexedReader, in_split
from .json_stream import JsonFile, mentions
from .masks import mask_area, mask_problem
from .polygons import TOLERANCE, polygon_area
from .splits import Finder, any_split, is_split, split_folders, subfolders

BDD100K_CLASSES = {'pedestrian': 'person', 'other person': 'person', 'bike': 'bicycle',
                   'motor': 'motorcycle', 'other vehicle': 'ignore', 'trailer': 'ignore'}
"""What BDD100K calls Cityscapes' classes where the names differ."""
_STEPS = np.linspace(0, 1, 8)[1:, None]


class Scalabel(IndexedReader):
    """Objects with polygons (straight or Bezier sides) or RLE; crowds are ignored."""

    source = 'scalabel'
    title = 'Scalabel'
    layout = 'SPLIT.json, ins_seg_SPLIT.json or labels/ins_seg/polygons/*.json, with images/'
    licence = 'as its owner grants it (BDD100K itself: non-commercial research)'
    evaluates = ('instances',)
    aliases = BDD100K_CLASSES

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for a JSON file with frames whose labels are polygons."""
        return any(_is_scalabel(path) for path in _files(root))

    def files(self) -> list[Path]:
        """Return the JSON files and the folders of images."""
        return [*self._annotations(), *self._image_folders()]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Read the JSON files."""
        categories: dict[str, None] = {}
        find = Finder(self._image_folders())
        for path in self._annotations():
            for kind, frame in JsonFile(path).walk():
                if kind in (None, 'frames') and (any_split(_part(path))
                                                 or in_split(frame['name'], self.split)):
                    self._frame(builder, path, frame, find, categories)
        return categories

    def _frame(self, builder: IndexBuilder, path: Path, frame: dict, find: Finder,
               categories: dict[str, None]) -> None:
        file = str(path.relative_to(self.root))
        key = '/'.join(filter(None, (frame.get('videoName'), frame['name'])))
        image = find(key)
        if image is None:
            builder.problem(key, file, key, f'missing file {frame["name"]}')
        builder.image(key, Path(frame['name']).stem, file,
                      image=str(image.relative_to(self.root)) if image else frame['name'])
        for label in frame.get('labels') or []:
            categories[label['category']] = None
            self._label(builder, file, key, label)

    @staticmethod
    def _label(builder: IndexBuilder, file: str, key: str, label: dict) -> None:
        attributes = label.get('attributes') or {}
        segmentation = label.get('rle') or [
            outline(part).ravel().tolist() for part in label.get('poly2d') or []]
        problem = _problem(segmentation)
        if problem:
            builder.problem(key, file, f'label {label.get("id")} of {key}', problem)
            return
        crowd = bool(attributes.get('crowd') or attributes.get('ignored'))
        builder.object(key, label['category'], mask_area(segmentation), crowd,
                       segmentation=segmentation)

    def _annotations(self) -> list[Path]:
        found = [p for p in _files(self.root) if _is_scalabel(p)]
        own = [p for p in found if is_split(_part(p), self.split)]
        return own or [p for p in found if not any_split(_part(p))]

    def _image_folders(self) -> list[Path]:
        images = self.root / 'images'
        return [*(f for base in (images, *subfolders(images), self.root)
                  for f in split_folders(base, self.split)), images, *subfolders(images),
                self.root]


def outline(part: dict) -> np.ndarray:
    """Return the points of a poly2d, float (N, 2); types `L` are corners, `C` Bezier controls."""
    points = np.array(part['vertices'], float)
    types = part.get('types') or 'L' * len(points)
    result: list[Sequence[float]] = []
    place = 0
    while place < len(points):
        result.append(points[place])
        if types[place + 1:place + 3] == 'CC':
            last = points[(place + 3) % len(points)]
            result.extend(_bezier(*points[place:place + 3], last)[:-1])
            place += 3
        else:
            place += 1
    return np.array(result)


def _bezier(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    t, s = _STEPS, 1 - _STEPS
    return s ** 3 * a + 3 * s ** 2 * t * b + 3 * s * t ** 2 * c + t ** 3 * d


def _problem(segmentation: list | dict) -> str | None:
    """Scalabel does not state the size of images: only what is wrong at any size is found."""
    if isinstance(segmentation, dict):
        height, width = segmentation.get('size', (0, 0))
        return mask_problem(segmentation, width, height)
    areas = [polygon_area(np.reshape(p, (-1, 2))) for p in segmentation]
    if not areas:
        return 'no mask'
    if min(min(p) for p in segmentation) < -TOLERANCE:
        return 'a polygon outside the image'
    return None if max(areas) > 0 else 'a polygon of zero area'


def _files(root: Path) -> list[Path]:
    below = root / 'labels' / 'ins_seg' / 'polygons'
    return [*json_files(root), *json_files(root / 'labels'), *json_files(below)]


def _is_scalabel(path: Path) -> bool:
    return mentions(path, 'labels', 'category') and (
        mentions(path, 'poly2d') or mentions(path, 'rle'))


def _part(path: Path) -> str:
    return path.stem.removeprefix('ins_seg_')
