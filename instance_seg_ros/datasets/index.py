# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The index of a data set: images and annotations in one SQLite file, read as they are needed.

It is made once and kept in the user's cache folder; it is made anew when one of the files or
folders that it was made from has changed.
"""
from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.atomic_file import atomic_path

VERSION = '2'
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE images (number INTEGER PRIMARY KEY, key TEXT UNIQUE, name TEXT, payload BLOB);
CREATE TABLE objects (key TEXT, category TEXT, area REAL, crowd INTEGER, payload BLOB);
CREATE TABLE problems (key TEXT, file TEXT, record TEXT, reason TEXT);
"""


@dataclass(frozen=True)
class ImageRecord:
    """An image of the index: its number, the key its objects refer to, name and the rest."""

    number: int
    key: str
    name: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a record of a file."""

    file: str
    record: str
    reason: str

    def __str__(self) -> str:
        """Name the file, the record and the reason."""
        return f'{self.file}: {self.record}: {self.reason}'


def cache_folder() -> Path:
    """Return where indices are kept: $XDG_CACHE_HOME or ~/.cache, then instance_seg_ros/index."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(base) / 'instance_seg_ros' / 'index'


def fingerprint(files: Iterable[Path]) -> str:
    """Return what changes when one of these files or folders does: sizes and times."""
    digest = hashlib.sha256(VERSION.encode())
    for path in files:
        status = path.stat()
        digest.update(f'{path}:{status.st_size}:{status.st_mtime_ns}\n'.encode())
    return digest.hexdigest()


class IndexBuilder:
    """Fills an index; objects may come before or after the image they belong to."""

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;'
                               + _TABLES)
        self._keys: set[str] = set()
        self._pixels = 0

    def image(self, key: Any, name: str, file: str, **payload: Any) -> None:
        """Add an image; a second one of the same key is a problem of `file`."""
        if str(key) in self._keys:
            self.problem(key, file, f'image {key}', 'duplicate id')
            return
        self._keys.add(str(key))
        if all(size := payload.get('size') or (0, 0)):
            self._pixels += size[0] * size[1]
        self._db.execute('INSERT INTO images (key, name, payload) VALUES (?, ?, ?)',
                         (str(key), name, _pack(payload)))

    def object(self, key: Any, category: str | None, area: float, crowd: bool = False,
               **payload: Any) -> None:
        """Add an object, or a crowd of them, of the image of this key; area in pixels."""
        self._db.execute('INSERT INTO objects VALUES (?, ?, ?, ?, ?)',
                         (str(key), category, area, int(crowd), _pack(payload)))

    def problem(self, key: Any, file: str, record: str, reason: str) -> None:
        """Note a problem; key: of the image that it spoils, None for none."""
        self._db.execute('INSERT INTO problems VALUES (?, ?, ?, ?)',
                         (None if key is None else str(key), file, record, reason))

    def close(self, **facts: Any) -> None:
        """Look for objects without an image, and write."""
        self._db.execute('CREATE INDEX objects_by_key ON objects (key)')
        self._db.execute("INSERT INTO problems SELECT NULL, '', 'image ' || key, count(*) || "
                         "' annotations of an image that is not listed' FROM objects WHERE key "
                         'NOT IN (SELECT key FROM images) GROUP BY key')
        for name, value in {**facts, 'pixels': self._pixels}.items():
            self._db.execute('INSERT INTO facts VALUES (?, ?)', (name, json.dumps(value)))
        self._db.execute('COMMIT')
        self._db.close()


class Index:
    """A finished index; it can be sent to other processes, which open the file anew."""

    def __init__(self, path: Path) -> None:
        """Open the file; raise ValueError when it is not an index of this version."""
        self.path = path
        self._db, self._owner = None, None
        try:
            self.facts = {k: json.loads(v) for k, v in self._all('SELECT * FROM facts')}
        except sqlite3.Error as error:
            raise ValueError(str(error)) from error

    def numbers(self, skip_bad: bool = False) -> list[int]:
        """Return the numbers of the images, without those that a problem spoils."""
        bad = ' WHERE key NOT IN (SELECT key FROM problems WHERE key IS NOT NULL)'
        where = bad if skip_bad else ''
        return [n for n, in self._all(
            f'SELECT number FROM images{where} ORDER BY number')]     # noqa: S608 (constants)

    def image(self, number: int) -> ImageRecord:
        """Return an image by its number."""
        (key, name, payload), = self._all(
            'SELECT key, name, payload FROM images WHERE number = ?', number)
        return ImageRecord(number, key, name, _unpack(payload))

    def objects(self, key: str) -> list[dict[str, Any]]:
        """Return the objects of an image, crowds first, then the largest first.

        Each has category, area, crowd, and what it was added with.
        """
        rows = self._all('SELECT category, area, crowd, payload FROM objects WHERE key = ? '
                         'ORDER BY crowd DESC, area DESC, rowid', key)
        return [{'category': c, 'area': a, 'crowd': bool(crowd), **_unpack(p)}
                for c, a, crowd, p in rows]

    def counts(self) -> dict[str, tuple[int, int, float]]:
        """Return, by category, the number of objects, of images with some, and their pixels."""
        return {c: (n, images, pixels) for c, n, images, pixels in self._all(
            'SELECT category, count(*), count(DISTINCT key), sum(area) FROM objects '
            'WHERE category IS NOT NULL AND NOT crowd GROUP BY category ORDER BY count(*) DESC')}

    def categories(self) -> list[tuple[int, str]]:
        """Return each image's number with each of the categories of its objects, once."""
        return self._all('SELECT DISTINCT number, category FROM objects JOIN images USING (key) '
                         'WHERE category IS NOT NULL AND NOT crowd')

    def problems(self) -> list[Problem]:
        """Return everything that is wrong."""
        return [Problem(*row) for row in self._all('SELECT file, record, reason FROM problems')]

    def _all(self, query: str, *values: Any) -> list[tuple]:
        if self._owner != os.getpid():      # a connection must not cross a fork
            self._db = sqlite3.connect(f'{self.path.absolute().as_uri()}?mode=ro&immutable=1',
                                       uri=True, check_same_thread=False)
            self._owner = os.getpid()
        return self._db.execute(query, values).fetchall()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the connection behind."""
        return {**vars(self), '_db': None, '_owner': None}


def kept_index(name: str, files: list[Path], build) -> Index:
    """Return the index of a data set, made now unless the one that is kept is still valid.

    Args:
        name: data set, folder and split: what the index is of.
        files: files and folders whose change makes it invalid.
        build: called with an `IndexBuilder`, returns facts to keep.
    """
    mark = fingerprint(files)
    path = cache_folder() / f'{hashlib.sha256(name.encode()).hexdigest()[:24]}.sqlite'
    try:
        index = Index(path)
        if index.facts.get('fingerprint') == mark:
            return index
    except ValueError:
        pass
    with atomic_path(path) as part:
        builder = IndexBuilder(part)
        builder.close(fingerprint=mark, **build(builder))
    return Index(path)


def _pack(data: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(data, separators=(',', ':')).encode(), 1)


def _unpack(data: bytes) -> dict[str, Any]:
    return json.loads(zlib.decompress(data))
