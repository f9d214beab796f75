# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads large JSON files item by item: their objects are never in memory all at once."""
from __future__ import annotations

import json
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import UserError

_SPACE = re.compile(r'\s*')
_DECODER = json.JSONDecoder()


class JsonFile:
    """A JSON file that is an object with long lists, or one long list."""

    def __init__(self, path: Path) -> None:
        """Read the text; raise UserError for a file that is missing or not text."""
        self.path = path
        try:
            self._text = path.read_text(encoding='utf-8-sig')
        except OSError as error:
            raise UserError(f'{path}: cannot read this file ({error.strerror}).') from error
        except UnicodeDecodeError as error:
            raise UserError(f'{path}: this is not JSON ({error}).') from error

    def items(self, key: str | None = None) -> Iterator[Any]:
        """Yield the items of the list under a key of the top object; None: of a top list."""
        return (item for name, item in self.walk() if name == key)

    def walk(self) -> Iterator[tuple[str | None, Any]]:
        """Yield every item of every list in the top object with the list's name.

        Values that are not lists come as they are; the items of a top list have the name None.
        Raises UserError that names the place of a mistake.
        """
        place = self._skip(0)
        if self._at(place) == '[':
            for item, _ in self._list(place):
                yield None, item
            return
        place = self._expect(place, '{')
        while self._at(place) != '}':
            name, place = self._decode(place)
            place = self._expect(self._skip(place), ':')
            if self._at(place) == '[':
                for item, after in self._list(place):
                    place = after
                    yield name, item
                place = self._expect(self._end(place), ']')
            else:
                value, place = self._decode(place)
                yield name, value
            place = self._next(place, '}')

    def _list(self, place: int) -> Iterator[tuple[Any, int]]:
        """Yield the items of a list, each with the place behind it."""
        place = self._skip(place + 1)
        while self._at(place) != ']':
            item, place = self._decode(place)
            place = self._next(place, ']')
            yield item, place

    def _end(self, place: int) -> int:
        """Return the place of a list's end: of an empty one, where `place` is still its start."""
        return self._skip(place + 1) if self._at(place) == '[' else place

    def _next(self, place: int, end: str) -> int:
        """Return the place of the next item, or of the end."""
        place = self._skip(place)
        if self._at(place) == ',':
            return self._skip(place + 1)
        if self._at(place) != end:
            raise self._error(f'expected , or {end}', place)
        return place

    def _expect(self, place: int, character: str) -> int:
        if self._at(place) != character:
            raise self._error(f'expected {character}', place)
        return self._skip(place + 1)

    def _decode(self, place: int) -> tuple[Any, int]:
        try:
            return _DECODER.raw_decode(self._text, place)
        except ValueError as error:
            raise self._error(getattr(error, 'msg', str(error)),
                              getattr(error, 'pos', place)) from error

    def _at(self, place: int) -> str:
        return self._text[place:place + 1]

    def _skip(self, place: int) -> int:
        return _SPACE.match(self._text, place).end()

    def _error(self, reason: str, place: int) -> UserError:
        line = self._text.count('\n', 0, place) + 1
        return UserError(f'{self.path}: broken JSON at line {line}, character {place}: {reason}.')


def mentions(path: Path, *words: str) -> bool:
    """Return whether a file contains all of these names in quotes, without decoding it."""
    with path.open('rb') as file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return all(text.find(f'"{word}"'.encode()) >= 0 for word in words)
