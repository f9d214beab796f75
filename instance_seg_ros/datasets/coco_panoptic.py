# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""COCO's panoptic annotations: a JSON file of segments and a PNG of their ids for each image."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from .coco import json_files
from .index import ImageRecord, IndexBuilder
from .indexed import IndexedReader, in_split
from .json_stream import JsonFile, mentions
from .painter import Painter, Segment
from .sample import read_channels
from .splits import Finder, any_split, is_split, split_folders, subfolders


class CocoPanoptic(IndexedReader):
    """Every pixel belongs to a segment with a class; 0 is void, crowd segments are ignored."""

    source = 'coco-panoptic'
    title = 'COCO panoptic'
    layout = ('annotations/panoptic_SPLIT*.json, annotations/panoptic_SPLIT*/NAME.png, SPLIT*/ or '
              'images/')
    licence = 'as its owner grants it (COCO itself: annotations CC BY 4.0, images of Flickr)'
    aliases = {'stop sign': 'traffic sign', 'pavement merged': 'sidewalk',
               'sky other merged': 'sky', 'tree merged': 'vegetation', 'wall*': 'wall',
               'fence merged': 'fence', 'building other merged': 'building', 'house': 'building',
               'grass merged': 'terrain', 'dirt merged': 'terrain'}

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for a JSON file with segments."""
        return any(mentions(path, 'segments_info', 'categories') for path in json_files(root))

    def files(self) -> list[Path]:
        """Return the JSON files and the folders of label images."""
        return [f for path in self._annotations() for f in (path, path.with_suffix(''))]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Read the JSON files."""
        categories: dict[int, tuple[str, bool]] = {}
        for path in self._annotations():
            file, images = JsonFile(path), {}
            for kind, item in file.walk():
                if kind == 'categories':
                    categories[item['id']] = item['name'], bool(item.get('isthing', 1))
                elif kind == 'images':
                    images[item['id']] = item['file_name']
            for item in file.items('annotations'):
                self._image(builder, path, item, images, categories)
        return [name for name, _ in categories.values()]

    def paint(self, record: ImageRecord, painter: Painter) -> None:
        """Paint the segments by their ids, which the colours of the PNG encode."""
        rgb = read_channels(self.root / record.payload['label'], 3).astype(np.int64)
        segments = {o['id']: Segment(o['category'], -1 if o['thing'] else None, o['crowd'])
                    for o in self.index.objects(record.key)}
        void = Segment(None)
        painter.add_values(rgb @ np.array([1, 256, 65536]), lambda v: segments.get(v, void))

    def _image(self, builder: IndexBuilder, path: Path, item: dict, images: dict,
               categories: dict) -> None:
        key, name = item['image_id'], images.get(item['image_id'])
        file = str(path.relative_to(self.root))
        if name is None:
            builder.problem(None, file, f'image {key}', 'it is not listed')
            return
        if not any_split(_part(path)) and not in_split(name, self.split):
            return
        image = Finder(self._image_folders(path))(name)
        label = Finder([path.with_suffix(''), path.parent, self.root])(item['file_name'])
        for found, wanted in ((image, name), (label, item['file_name'])):
            if found is None:
                builder.problem(key, file, f'image {key}', f'missing file {wanted}')
        builder.image(key, Path(name).stem, file, **{
            kind: str(found.relative_to(self.root)) if found else ''
            for kind, found in (('image', image), ('label', label))})
        for segment in item['segments_info']:
            self._segment(builder, file, key, segment, categories)

    @staticmethod
    def _segment(builder: IndexBuilder, file: str, key: int, item: dict,
                 categories: dict) -> None:
        name, thing = categories.get(item['category_id'], (None, False))
        if name is None:
            builder.problem(key, file, f'segment {item["id"]} of image {key}',
                            f'category id {item["category_id"]} is not listed')
        builder.object(key, name, item.get('area', 0), bool(item.get('iscrowd')), id=item['id'],
                       thing=thing)

    def _annotations(self) -> list[Path]:
        found = [p for p in json_files(self.root) if mentions(p, 'segments_info')]
        own = [p for p in found if is_split(_part(p), self.split)]
        return own or [p for p in found if not any_split(_part(p))]

    def _image_folders(self, path: Path) -> list[Path]:
        images = self.root / 'images'
        return [*split_folders(self.root, self.split), *split_folders(images, self.split), images,
                path.parent, *subfolders(images), self.root, *subfolders(self.root)]


def _part(path: Path) -> str:
    return path.stem.removeprefix('panoptic_')
