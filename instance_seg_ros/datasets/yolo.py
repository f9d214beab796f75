# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Polygons in YOLO's text form, as Ultralytics and Roboflow write them."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from ..core.errors import UserError
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in
from .painter import Painter, Segment
from .polygons import fill_polygons, polygon_area, polygon_problem
from .splits import SPLIT_NAMES

_ROUNDING = .01
"""Share of the image by which a polygon may leave it."""


class Yolo(IndexedReader):
    """Lines of `class x y x y ...`, shares of the image's width and height."""

    source = 'yolo'
    title = 'YOLO segmentation'
    layout = 'data.yaml (names), images/SPLIT with labels/SPLIT, or SPLIT/images with SPLIT/labels'
    licence = 'as its owner grants it'
    evaluates = ('instances',)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for a YAML file with names, and for folders of labels."""
        return _description(root) is not None and any(
            p.is_dir() for p in (*root.glob('labels'), *root.glob('*/labels')))

    def files(self) -> list[Path]:
        """Return the YAML file and the folders of images and labels."""
        found = _description(self.root)
        return [*([found] if found else []), *(
            f for images in self._folders() for f in (*folders_in(images),
                                                      *folders_in(_labels(images))))]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Read all text files."""
        names = _names(_description(self.root))
        for folder in self._folders():
            for image in images_in(folder):
                key = str(image.relative_to(self.root))
                builder.image(key, image.stem, key, image=key)
                text = _labels(folder) / image.relative_to(folder).with_suffix('.txt')
                if text.is_file():      # an image without one has no objects
                    self._objects(builder, key, text, names)
        return names.values()

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint the polygons, the largest first."""
        size = np.array(painter.shape[::-1], float)
        for item in self.index.objects(record.key):
            points = np.array(item['points']).reshape(-1, 2) * size
            painter.add(fill_polygons([points], painter.shape), Segment(item['category'], -1))

    def _objects(self, builder: IndexBuilder, key: str, text: Path, names: dict) -> None:
        file = str(text.relative_to(self.root))
        for number, line in enumerate(text.read_text().splitlines(), 1):
            if not line.strip():
                continue
            try:
                category, points = _polygon(line, names)
            except ValueError as error:
                builder.problem(key, file, f'line {number}', str(error))
                continue
            builder.object(key, category, polygon_area(points), points=points.ravel().tolist())

    def _folders(self) -> list[Path]:
        found = _description(self.root)
        named = (_load(found) if found else {}).get(self.split)
        listed = [named] if isinstance(named, str) else named or []
        # Exports name ../train/images where they mean train/images.
        candidates = [self.root / part.lstrip('./') for part in listed]
        for name in SPLIT_NAMES.get(self.split, (self.split,)):
            candidates += [self.root / 'images' / name, self.root / name / 'images']
        return list(dict.fromkeys(p for p in candidates if p.is_dir()))


def _polygon(line: str, names: dict) -> tuple[str, np.ndarray]:
    words = line.split()
    try:
        category, numbers = int(words[0]), np.array(words[1:], float)
    except ValueError:
        raise ValueError(f'{line[:40]!r} is not CLASS X Y X Y ...') from None
    if category not in names:
        raise ValueError(f'class {category} is not listed')
    if len(numbers) == 4:
        raise ValueError('a box (CLASS X Y W H) where a polygon is needed')
    if len(numbers) % 2 or len(numbers) < 6:
        raise ValueError(f'a polygon of {len(numbers)} numbers')
    points = numbers.reshape(-1, 2)
    problem = polygon_problem(points, 1, 1, _ROUNDING)
    if problem:
        raise ValueError(problem)
    return names[category], points


def _labels(images: Path) -> Path:
    """Return the folder of labels of a folder of images: `labels` for the last `images`."""
    parts = list(images.parts)
    place = len(parts) - 1 - parts[::-1].index('images')
    return Path(*parts[:place], 'labels', *parts[place + 1:])


def _description(root: Path) -> Path | None:
    for path in sorted(root.glob('*.y*ml')):
        if 'names' in _load(path):
            return path
    return None


def _load(path: Path) -> dict:
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f'{path}: invalid YAML ({error}).') from error
    return data if isinstance(data, dict) else {}


def _names(path: Path) -> dict[int, str]:
    names = _load(path)['names']
    return {int(k): str(v) for k, v in (names.items() if isinstance(names, dict)
                                        else enumerate(names))}
