# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""KITTI MOTS: videos in which cars and pedestrians have masks and tracks."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, folders_in, images_in
from .json_stream import JsonFile, mentions
from .masks import mask_area, mask_problem
from .painter import Painter, Segment
from .splits import Finder, subfolders

_CLASSES = {1: 'car', 2: 'pedestrian', 10: 'ignore'}
_FACTOR = 1000
"""Ids are class * 1000 + track."""
VAL = ('0002', '0006', '0007', '0008', '0010', '0013', '0014', '0016', '0018')
"""Sequences of the official validation split."""


class KittiMots(IndexedReader):
    """Frames whose masks are text (RLE), 16-bit PNG, or the RLE of one instances.json.

    An instance's number is its track's, so the same object keeps its id through a sequence.
    """

    source = 'kitti-mots'
    title = 'KITTI MOTS'
    layout = ('[training/]image_02/SEQUENCE/FRAME.png with instances_txt/SEQUENCE.txt or '
              'instances/SEQUENCE/FRAME.png; or images/ with instances.json')
    licence = 'KITTI MOTS: CC BY-NC-SA 3.0'
    evaluates = ('instances',)
    aliases = {'pedestrian': 'person', 'ignore': 'ignore'}

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for any of the three forms."""
        own = root / 'instances.json'
        if own.is_file():
            return mentions(own, 'track_id')
        return bool(_below(root, 'image_02')) and bool(
            _below(root, 'instances_txt') or _below(root, 'instances'))

    def files(self) -> list[Path]:
        """Return the annotations and the folders of frames."""
        return [path for name in ('instances.json', 'images', 'image_02', 'instances_txt',
                                  'instances') for found in [_below(self.root, name)] if found
                for path in ([found] if found.is_file() else [*folders_in(found),
                                                              *found.glob('*.txt')])]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Read the masks from where they are: one JSON file, text, or PNG files."""
        if (self.root / 'instances.json').is_file():
            return self._scan_json(builder)
        text = _below(self.root, 'instances_txt')
        for sequence in subfolders(_below(self.root, 'image_02') or self.root / 'image_02'):
            if self.split not in ('train', 'val') or (sequence.name in VAL) == (
                    self.split == 'val'):
                self._frames(builder, sequence, text is None)
                if text:
                    self._scan_text(builder, text / f'{sequence.name}.txt')
        return _CLASSES.values()

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint ignore regions first: a mask of an object wins where both claim a pixel."""
        if 'label' in record.payload:
            painter.add_values(self.label_image(record), _segment)
        else:
            super().paint(record, painter)

    def sequences(self) -> dict[str, list[tuple[int, int]]]:
        """Return the drives: name to (index of the sample, number of the frame), in order."""
        result: dict[str, list[tuple[int, int]]] = {}
        for index, number in enumerate(self._numbers):
            payload = self.index.image(number).payload
            result.setdefault(payload['sequence'], []).append((index, payload['frame']))
        return {name: sorted(frames, key=lambda f: f[1]) for name, frames in result.items()}

    def _frames(self, builder: IndexBuilder, sequence: Path, images: bool) -> None:
        for frame in images_in(sequence):
            name = f'{sequence.name}_{frame.stem}'
            if images:
                label = _below(self.root, 'instances') / sequence.name / f'{frame.stem}.png'
                if label.is_file():
                    self.add_pair(builder, frame, label, name, sequence=sequence.name,
                                  frame=int(frame.stem))
            else:
                builder.image(f'{sequence.name}/{int(frame.stem)}', name, sequence.name,
                              image=str(frame.relative_to(self.root)), sequence=sequence.name,
                              frame=int(frame.stem))

    def _scan_text(self, builder: IndexBuilder, path: Path) -> None:
        file = str(path.relative_to(self.root))
        lines = path.read_text().splitlines() if path.is_file() else []
        for number, line in enumerate(lines, 1):
            try:
                frame, object_id, label, height, width, counts = line.split()
                category, size = _CLASSES[int(label)], [int(height), int(width)]
                key = f'{path.stem}/{int(frame)}'
            except (ValueError, KeyError):
                builder.problem(None, file, f'line {number}',
                                'not FRAME ID CLASS HEIGHT WIDTH RLE with class 1, 2 or 10')
                continue
            self._object(builder, key, file, f'line {number}', category,
                         {'size': size, 'counts': counts}, int(object_id) % _FACTOR)

    @staticmethod
    def _object(builder: IndexBuilder, key: str, file: str, record: str, category: str,
                mask: dict, track: int) -> None:
        problem = mask_problem(mask, mask['size'][1], mask['size'][0])
        if problem:
            builder.problem(key, file, record, problem)
            return
        builder.object(key, category, mask_area(mask), category == 'ignore', segmentation=mask,
                       number=track)

    def _scan_json(self, builder: IndexBuilder) -> Iterable[str]:
        file, names, sizes = JsonFile(self.root / 'instances.json'), {}, {}
        find = Finder([self.root / 'images'])
        for kind, item in file.walk():
            if kind == 'categories':
                names[item['id']] = item['name']
            elif kind == 'images':
                sizes[item['id']] = item['width'], item['height']
                self._json_frame(builder, item, find)
        for item in file.items('annotations'):
            problem = mask_problem(item['segmentation'], *sizes.get(item['image_id'], (0, 0)))
            if problem:
                builder.problem(item['image_id'], file.path.name, f'annotation {item["id"]}',
                                problem)
                continue
            builder.object(item['image_id'], names[item['category_id']],
                           mask_area(item['segmentation']), bool(item.get('iscrowd')),
                           segmentation=item['segmentation'],
                           number=item.get('track_id', 0) % _FACTOR)
        return names.values()

    def _json_frame(self, builder: IndexBuilder, item: dict, find: Finder) -> None:
        if not find(item['file_name']):
            builder.problem(item['id'], 'instances.json', f'image {item["id"]}',
                            f'missing file {item["file_name"]}')
        builder.image(item['id'], item['file_name'], 'instances.json',
                      image=f'images/{item["file_name"]}', size=(item['width'], item['height']),
                      sequence=str(item.get('seq', '')), frame=item.get('frame', item['id']))


def _segment(value: int) -> Segment | None:
    label, track = divmod(value, _FACTOR)
    if value and label not in _CLASSES:
        raise ValueError(f'id {value} is neither a car, a pedestrian nor an ignore region')
    return Segment(_CLASSES[label], track, label == 10) if value else None


def _below(root: Path, name: str) -> Path | None:
    """Return a file or folder of the data set, which may lie under training/."""
    return next((p for p in (root / name, root / 'training' / name) if p.exists()), None)
