# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading ROS 2 bags: sqlite3 and MCAP, folders and bare files, compressed and broken ones."""

import logging
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import zstandard
from rosbags.rosbag2 import Reader
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ..core.errors import UserError
from ..core.texts import shortened
from . import salvage
from .packed_messages import unpacked
from .topics import Message, Topic

STORAGE_SUFFIXES = ('.mcap', '.db3')
ZSTD_SUFFIXES = ('.zstd', '.zst')
_LISTED = 3
"""Files that are missing or broken, named in a message; more are counted."""

_log = logging.getLogger(__name__)


class Bag:
    """An open bag; a context manager.

    A bag whose end is missing or damaged is read up to where it breaks, and one that lacks
    whole files without them; from then on `break_reason` says why, and a warning has been logged.
    """

    def __init__(self, path: Path | str):
        """Open ``path``; UserError when there is no bag, or nothing in it can be read."""
        self.path = Path(path)
        self.break_reason = ''
        self._reasons: list[str] = []
        self._stack = ExitStack()
        try:
            self._parts = self._open()
        except BaseException:
            self._stack.close()
            raise
        topics = _merged(topic for part in self._parts for topic in part.topics)
        self.topics = tuple(topic for topic in topics if topic.is_cdr)
        self.skipped = tuple(topic for topic in topics if not topic.is_cdr)
        """Topics whose messages are not CDR; their messages are not read."""
        if self.skipped:
            _log.warning('%s: skipped %s: only CDR messages are supported.', self.path,
                         ', '.join(f'{t.name} ({t.serialization})' for t in self.skipped[:10]))
        filled = [part for part in self._parts if part.count]
        self.count = sum(part.count for part in filled)
        self.start = min((part.start for part in filled), default=0)
        self.end = max((part.end for part in filled), default=0)
        """Times of the first and last message in nanoseconds; 0 without messages."""

    def messages(self, topics: Collection[str] | None = None, start: int | None = None,
                 stop: int | None = None) -> Iterator[Message]:
        """Yield messages in the order of their times.

        Args:
            topics: names of the topics wanted; None for all of them.
            start, stop: half-open interval of recording times in nanoseconds.
        """
        wanted = {t.name for t in self.topics if topics is None or t.name in topics}
        for part in self._parts:
            try:
                yield from part.messages(wanted, start, stop)
            except GeneratorExit:
                raise
            except Exception as error:  # parsers of foreign bytes raise whatever comes up
                self._breaks(error)
                return
            if part.break_reason:
                self._breaks(part.break_reason)

    def close(self) -> None:
        """Close the files; unpacked copies are removed."""
        self._stack.close()

    def __enter__(self) -> 'Bag':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _breaks(self, reason: Exception | str, read: str = 'it was read up to there') -> None:
        reason = _said(reason)
        if reason not in self._reasons:  # each reading comes upon them again
            self._reasons.append(reason)
            self.break_reason = '; '.join(self._reasons)
            _log.warning('%s is damaged or was cut off; %s (%s).', self.path, read, reason)

    def _open(self) -> list['_Intact | salvage.BrokenFile']:
        path = self._checked_path()
        try:
            return [self._stack.enter_context(_Intact(path))]
        except Exception as error:  # see messages(); whether a part of it reads is tried next
            reason = error
        parts, lost = self._open_parts(_files(path))
        if not parts:
            raise UserError(f'{self.path} cannot be read as a ROS 2 bag: {reason}') from reason
        if lost:
            more = [f'and {len(lost) - _LISTED} more files'] if len(lost) > _LISTED else []
            self._breaks('; '.join(lost[:_LISTED] + more), 'the rest of it is read')
        elif path.is_dir() and not any(part.break_reason for part in parts):
            why = ('has no readable metadata.yaml' if _listed(path) is None
                   else f'cannot be read as its metadata.yaml says ({_said(reason)})')
            _log.warning('%s %s; its %d data file(s) are read without it.',
                         self.path, why, len(parts))
        return parts

    def _open_parts(
            self, files: list[Path]) -> tuple[list['_Intact | salvage.BrokenFile'], list[str]]:
        """Return what can be read of the files, and which cannot be read at all, and why."""
        parts, lost = [], []
        for file in files:
            try:
                parts.append(self._open_part(file))
            except Exception as error:  # see messages()
                lost.append(f'{file.name}: {_said(error)}')
        return parts, lost

    def _open_part(self, file: Path) -> '_Intact | salvage.BrokenFile':
        """Open a data file or what is left of it; raise why where nothing of it can be read."""
        if not file.exists():
            raise FileNotFoundError('metadata.yaml lists it, but it is not there')
        try:
            file = self._unpacked(file)
            return self._stack.enter_context(_Intact(file))
        except Exception:  # see messages()
            part = salvage.open_broken(file)
            if not part:
                raise
        return self._stack.enter_context(part)

    def _checked_path(self) -> Path:
        path = self.path
        if not path.exists():
            raise UserError(f'There is no bag or video at {path}.')
        if path.suffix == '.bag':
            raise UserError(f'{path} is a ROS 1 bag; convert it with `rosbags-convert` first.')
        if path.is_dir():
            if not is_bag(path):
                raise UserError(f'{path} is not a bag: it contains neither metadata.yaml nor any '
                                '.mcap or .db3 file.')
            return path
        if not _is_storage(path):
            raise UserError(f'{path} is neither a ROS 2 bag (a folder, .mcap or .db3) nor a '
                            'video.')
        return self._unpacked(path)

    def _unpacked(self, file: Path) -> Path:
        """Return the file itself, or the decompressed part of a zstd compressed file."""
        name = unpacked_name(file)
        if name == file.name:
            return file
        target = Path(self._stack.enter_context(TemporaryDirectory()), name)
        with file.open('rb') as packed, target.open('wb') as unpacked:
            try:
                zstandard.ZstdDecompressor().copy_stream(packed, unpacked)
            except zstandard.ZstdError as error:
                self._breaks(f'{file.name}: {error}')
        return target


class _Intact:
    """A bag folder or file that rosbags reads as it is; raises what rosbags raises."""

    break_reason = ''

    def __init__(self, path: Path):
        files = [file for file in (path.glob('*.db3') if path.is_dir() else [path])
                 if file.suffix == '.db3']
        if any(salvage.is_incomplete(file) for file in files):
            raise ValueError('it is incomplete')
        for file in files:
            salvage.check_tables(file)
        self._reader = Reader(path)
        self._reader.open()
        self.topics = [Topic.from_connection(c) for c in self._reader.connections]
        self.count = self._reader.message_count
        self.start = self._reader.start_time
        self.end = self._reader.end_time - 1
        numbers = self.count, self.start, self.end, *(topic.count for topic in self.topics)
        if not all(isinstance(number, int) for number in numbers) or self.count < 0:
            self._reader.close()
            raise ValueError('invalid message counts or times')    # rosbags checks no types

    def __enter__(self) -> '_Intact':
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def messages(self, names: Collection[str], start: int | None,
                 stop: int | None) -> Iterator[Message]:
        connections = [c for c in self._reader.connections
                       if c.topic in names and Topic.from_connection(c).is_cdr]
        if not connections:
            return
        topics = {c.id: Topic.from_connection(c) for c in connections}
        stop = None if stop is None else max(stop, 0)
        for connection, stamp, data in self._reader.messages(connections, start, stop):
            yield Message(stamp, topics[connection.id], unpacked(data))


def _said(reason: Exception | str) -> str:
    return shortened(reason, 1000) or type(reason).__name__


def _merged(topics: Iterable[Topic]) -> tuple[Topic, ...]:
    """Add up the counts of topics that several files, or several publishers, share."""
    merged: dict[tuple[str, str], Topic] = {}
    for topic in topics:
        key = (topic.name, topic.type)
        if key in merged:
            known = merged[key]
            qos = known.qos + tuple(q for q in topic.qos if q not in known.qos)
            topic = replace(known, count=known.count + topic.count, qos=qos)
        merged[key] = topic
    return tuple(merged.values())


def is_bag(path: Path) -> bool:
    """Whether a path looks like a bag: a folder or a file, without reading it."""
    if path.is_dir():
        return (path / 'metadata.yaml').exists() or bool(_storage_files(path))
    return path.is_file() and _is_storage(path)


def unpacked_name(file: PurePath) -> str:
    """Return a file's name without the suffix of its compression."""
    return file.stem if file.suffix in ZSTD_SUFFIXES else file.name


def _is_storage(path: Path) -> bool:
    return PurePath(unpacked_name(path)).suffix in STORAGE_SUFFIXES


def _files(path: Path) -> list[Path]:
    """List a bag's data files: those that are there, then those that are only listed."""
    if not path.is_dir():
        return [path]
    files = _storage_files(path)
    there = {unpacked_name(file) for file in files}  # a listed file may have been unpacked since
    return files + [path / name for name in _listed(path) or ()
                    if unpacked_name(PurePath(name)) not in there]


def _listed(folder: Path) -> list[str] | None:
    """Return the names of the data files in metadata.yaml; None where it cannot be read."""
    try:
        content = YAML(typ='safe').load((folder / 'metadata.yaml').read_text(encoding='utf-8'))
        paths = content['rosbag2_bagfile_information']['relative_file_paths']
        return [PurePath(path).name for path in paths]
    except (OSError, ValueError, YAMLError, KeyError, TypeError):
        return None


def _storage_files(folder: Path) -> list[Path]:
    """List a folder's data files in the order they were recorded: part 10 after part 9."""
    def order(path: Path) -> list[int | str]:
        return [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', path.name)]

    return sorted((p for p in folder.iterdir() if p.is_file() and _is_storage(p)), key=order)
