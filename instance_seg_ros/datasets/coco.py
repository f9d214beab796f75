# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""COCO's instance annotations, as COCO, CVAT, Label Studio and Roboflow write them."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .index import IndexBuilder
from .indexed import IndexedReader, in_split
from .json_stream import JsonFile, mentions
from .masks import mask_area, mask_problem
from .splits import Finder, any_split, is_split, split_folders, subfolders


class Coco(IndexedReader):
    """Objects with polygons or RLE; crowd regions are ignored."""

    source = 'coco'
    title = 'COCO instances'
    layout = ('annotations/instances_SPLIT*.json with SPLIT*/ or images/; SPLIT/'
              '_annotations.coco.json (Roboflow); or one JSON file with images/')
    licence = 'as its owner grants it (COCO itself: annotations CC BY 4.0, images of Flickr)'
    evaluates = ('instances',)
    aliases = {'stop sign': 'traffic sign', 'pedestrian': 'person', 'bike': 'bicycle',
               'motorbike': 'motorcycle'}

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Look for a JSON file with images, annotations and categories, without segments."""
        return any(mentions(path, 'images', 'categories', 'annotations')
                   and not mentions(path, 'segments_info') for path in json_files(root))

    def files(self) -> list[Path]:
        """Return the JSON files and the folders of images."""
        return [*self._annotations(), *self._image_folders()]

    def scan(self, builder: IndexBuilder) -> Iterable[str]:
        """Read the JSON files."""
        categories: dict[int, str] = {}
        for path in self._annotations():
            _CocoFile(self, path, categories, Finder(self._image_folders(path))).scan(builder)
        return categories.values()

    def keeps(self, path: Path, image: str) -> bool:
        """Return whether an image of a JSON file belongs to the split."""
        return any_split(_part(path)) or in_split(image, self.split)

    def _annotations(self) -> list[Path]:
        found = [p for p in json_files(self.root) if mentions(p, 'images', 'annotations')]
        own = [p for p in found if is_split(_part(p), self.split)]
        return own or [p for p in found if not any_split(_part(p))]

    def _image_folders(self, path: Path | None = None) -> list[Path]:
        images = self.root / 'images'
        folders = [path.parent] if path else []
        return [*folders, *split_folders(self.root, self.split),
                *split_folders(images, self.split), images, *subfolders(images), self.root,
                *subfolders(self.root)]


def json_files(root: Path) -> list[Path]:
    """Return the JSON files where exports have them."""
    folders = [root, root / 'annotations', *subfolders(root)]
    return sorted({path for folder in folders if folder.is_dir()
                   for path in folder.glob('*.json')})


class _CocoFile:
    """Puts one JSON file into an index."""

    def __init__(self, reader: Coco, path: Path, categories: dict[int, str],
                 find: Finder) -> None:
        self._reader, self._path, self._categories, self._find = reader, path, categories, find
        self._name = str(path.relative_to(reader.root))
        self._sizes: dict[int, tuple[int, int]] = {}
        self._others: set[int] = set()
        self._seen: set[int] = set()

    def scan(self, builder: IndexBuilder) -> None:
        file = JsonFile(self._path)
        for kind, item in file.walk():      # images may come after the annotations
            if kind == 'categories':
                self._category(builder, item)
            elif kind == 'images':
                self._image(builder, item)
        for item in file.items('annotations'):
            if item.get('image_id') not in self._others:
                self._annotation(builder, item)

    def _category(self, builder: IndexBuilder, item: dict) -> None:
        number, name = item.get('id'), str(item.get('name'))
        if self._categories.setdefault(number, name) != name:
            builder.problem(None, self._name, f'category {number}', 'duplicate id')

    def _image(self, builder: IndexBuilder, item: dict) -> None:
        number, name = item.get('id'), str(item.get('file_name'))
        if not self._reader.keeps(self._path, name):
            self._others.add(number)
            return
        path, size = self._find(name), (item.get('width'), item.get('height'))
        if path is None:
            builder.problem(number, self._name, f'image {number}', f'missing file {name}')
        elif not all(size):
            builder.problem(number, self._name, f'image {number}', 'no width and height')
        place = (path or self._reader.root / name).relative_to(self._reader.root)
        self._sizes[number] = size
        stem = Path(name.replace('\\', '/')).stem      # some tools run on Windows
        builder.image(number, stem, self._name, image=str(place), size=size)

    def _annotation(self, builder: IndexBuilder, item: dict) -> None:
        key, segmentation = item.get('image_id'), item.get('segmentation')
        for reason in self._problems(item):
            builder.problem(key, self._name, f'annotation {item.get("id")}', reason)
            return
        builder.object(key, self._categories[item['category_id']], mask_area(segmentation),
                       bool(item.get('iscrowd')), segmentation=segmentation)

    def _problems(self, item: dict) -> Iterator[str]:
        number, key = item.get('id'), item.get('image_id')
        if number in self._seen:
            yield 'duplicate id'
        self._seen.add(number)
        if item.get('category_id') not in self._categories:
            yield f'category id {item.get("category_id")} is not listed'
        if key not in self._sizes:
            yield f'image {key} is not listed'
        elif all(self._sizes[key]):
            problem = mask_problem(item.get('segmentation'), *self._sizes[key])
            if problem:
                yield problem


def _part(path: Path) -> str:
    """Return the name that may be a split's: of the file, or of the folder it lies in."""
    name = path.stem.removeprefix('instances_').removeprefix('panoptic_')
    return name if any_split(name) else path.parent.name
