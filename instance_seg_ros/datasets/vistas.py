# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mapillary Vistas, releases 1.2 and 2.0."""
from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..core.errors import UserError
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in
from .painter import Painter, Segment

_FOLDERS = {'train': 'training', 'val': 'validation', 'test': 'testing'}
_FACTOR = 256
"""Instance images contain class * 256 + number."""
_ALIASES = {
    'road': ('construction flat road*', 'marking*', 'construction flat crosswalk*',
             'construction flat bike lane*', 'construction flat service lane*'),
    'sidewalk': ('construction flat sidewalk*', 'construction flat pedestrian area*'),
    'building': ('construction structure building*',),
    'wall': ('construction barrier wall*',), 'fence': ('construction barrier fence*',),
    'pole': ('object support pole', 'object support utility pole*'),
    'traffic light': ('object traffic light*',),
    'traffic sign': ('object traffic sign front*', 'object traffic sign direction front*',
                     'object traffic sign*'),
    'vegetation': ('nature vegetation*',), 'terrain': ('nature terrain*',),
    'sky': ('nature sky*',), 'ignore': ('human person person group*', 'void*',
                                        'object vehicle vehicle group*'),
    'rider': ('human rider*',), 'person': ('human person*',), 'car': ('object vehicle car*',),
    'truck': ('object vehicle truck*',), 'bus': ('object vehicle bus*',),
    'train': ('object vehicle on rails*',), 'motorcycle': ('object vehicle motorcycle*',),
    'bicycle': ('object vehicle bicycle*',)}


class Vistas(IndexedReader):
    """Classes and instances from the 16-bit instance images."""

    source = 'vistas'
    title = 'Mapillary Vistas'
    layout = ('config*.json, training/images/NAME.jpg, training/[v2.0/]instances/NAME.png; '
              'validation/ alike')
    licence = 'Mapillary Vistas: CC BY-NC-SA 4.0'
    aliases = {key: name for name, keys in _ALIASES.items() for key in keys}

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for the description of the classes and for instance images."""
        return any(root.glob('config*.json')) and any(
            (root / folder).is_dir() for folder in _FOLDERS.values())

    def files(self) -> list[Path]:
        """Return the description and the folders of images and instances."""
        return [self._config, *folders_in(self._part / 'images'), *folders_in(self._instances)]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """List the images; the classes are those of the description."""
        for image in images_in(self._part / 'images'):
            self.add_pair(builder, image, self._instances / f'{image.stem}.png')
        return [label['name'] for label in self._labels()]

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint classes and instances at once."""
        labels = self._labels()

        def segment(value: int) -> Segment:
            if value // _FACTOR >= len(labels):
                raise ValueError(f'class {value // _FACTOR} is not in {self._config.name}')
            label = labels[value // _FACTOR]
            return Segment(label['name'], -1 if label.get('instances') else None)
        painter.add_values(self.label_image(record), segment)

    @property
    def _part(self) -> Path:
        return self.root / _FOLDERS.get(self.split, self.split)

    @property
    def _release(self) -> str:
        """Folder of the newest release: v2.0, v1.2, or none where 1.2 stands alone."""
        found = sorted(p.name for p in self._part.glob('v*') if (p / 'instances').is_dir())
        return found[-1] if found else ''

    @property
    def _instances(self) -> Path:
        return self._part / self._release / 'instances'

    @property
    def _config(self) -> Path:
        own = self.root / f'config_{self._release}.json'
        return own if self._release and own.is_file() else next(
            iter(sorted(self.root.glob('config*.json'))), self.root / 'config.json')

    def _labels(self) -> list[dict]:
        if not hasattr(self, '_known'):
            try:
                self._known = json.loads(self._config.read_text())['labels']
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UserError(f'{self._config}: no list of labels ({error!r}).') from error
        return self._known
