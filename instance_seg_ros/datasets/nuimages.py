# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""nuImages: key frames of six cameras with object masks and drivable surface."""
from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

from .index import IndexBuilder
from .indexed import IndexedReader
from .json_stream import JsonFile
from .masks import mask_area, mask_problem

_TABLES = {'train': ('v1.0-train', 'v1.0-mini'), 'val': ('v1.0-val',), 'test': ('v1.0-test',)}


class NuImages(IndexedReader):
    """Objects and surfaces with RLE masks; a cyclist's mask is that of the vehicle."""

    source = 'nuimages'
    title = 'nuImages'
    layout = 'v1.0-SPLIT/*.json (category, sample_data, object_ann, surface_ann), samples/'
    licence = 'nuImages: CC BY-NC-SA 4.0'
    evaluates = ('instances',)
    aliases = {'human.pedestrian.*': 'person', 'vehicle.car': 'car', 'vehicle.truck': 'truck',
               'vehicle.bus.*': 'bus', 'vehicle.bicycle': 'bicycle',
               'vehicle.motorcycle': 'motorcycle', 'flat.driveable surface': 'road',
               'vehicle.ego': 'ignore'}

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for a table of object annotations."""
        return any(root.glob('v1.0-*/object_ann.json'))

    def files(self) -> list[Path]:
        """Return the tables."""
        return [self._tables / f'{name}.json'
                for name in ('category', 'sample_data', 'object_ann', 'surface_ann')]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Read the tables."""
        category, frames, objects, surfaces = self.files()
        if not category.is_file():
            return []
        names = {row['token']: row['name'] for row in JsonFile(category).items()}
        sizes = {}
        for row in JsonFile(frames).items():
            if row.get('is_key_frame', True):
                self._frame(builder, row)
                sizes[row['token']] = row['width'], row['height']
        for path in (surfaces, objects):
            for row in JsonFile(path).items() if path.is_file() else ():
                self._object(builder, path, row, names, sizes)
        return names.values()

    def _frame(self, builder: IndexBuilder, row: dict) -> None:
        file = f'{self._tables.name}/sample_data.json'
        if not (self.root / row['filename']).is_file():
            builder.problem(row['token'], file, row['token'], f'missing file {row["filename"]}')
        builder.image(row['token'], Path(row['filename']).stem, file, image=row['filename'],
                      size=(row['width'], row['height']))

    def _object(self, builder: IndexBuilder, path: Path, row: dict, names: dict,
                sizes: dict) -> None:
        key, mask = row['sample_data_token'], row.get('mask')
        problem = None
        if row['category_token'] not in names:
            problem = f'category {row["category_token"]} is not listed'
        elif key not in sizes:
            problem = f'frame {key} is not a listed key frame'
        elif mask is None:
            problem = 'no mask'
        else:
            mask = {'size': mask['size'],
                    'counts': base64.b64decode(mask['counts']).decode('latin-1')}
            problem = mask_problem(mask, *sizes[key])
        if problem:
            builder.problem(key, f'{path.parent.name}/{path.name}', row['token'], problem)
        else:
            builder.object(key, names[row['category_token']], mask_area(mask), segmentation=mask)

    @property
    def _tables(self) -> Path:
        names = _TABLES.get(self.split, (f'v1.0-{self.split}',))
        return next((self.root / n for n in names if (self.root / n).is_dir()),
                    self.root / names[0])
