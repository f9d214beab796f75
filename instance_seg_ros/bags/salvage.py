# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading bag files whose end is missing or damaged.

A killed recorder leaves an MCAP file without its index, or a database whose last messages are in
a separate journal file; a full disk leaves a database that is shorter than its header says. They
are read from the front, in the order of recording, and once in full when they are opened, because
only then are their topics known. (A database finds its messages through a tree: if that is
truncated, its messages are lost, from some thousands of images on.)
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from mcap.exceptions import EndOfFile
from mcap.records import Channel, Schema
from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader
from rosbags.rosbag2.metadata import parse_qos

from .packed_messages import unpacked
from .topics import CDR, Message, Topic
from .type_names import canonical_type


def open_broken(path: Path) -> 'BrokenFile | None':
    """Open the readable part of a bag file; None if no message can be read."""
    if path.suffix not in _READERS:
        return None
    part = BrokenFile(path)
    return part if part.count else None


def read_from_front(path: Path) -> Iterator[Message]:
    """Yield a file's messages in the order of writing; raises what its parser raises."""
    yield from _READERS[path.suffix](path)


def is_incomplete(database: Path) -> bool:
    """Whether a database lacks messages without SQLite's noticing."""
    return _has_journal(database) or _is_cut_within_page(database)


def _has_journal(database: Path) -> bool:
    """Whether a killed recorder left messages in the journal file."""
    journal = database.with_name(f'{database.name}-wal')
    return journal.is_file() and journal.stat().st_size > 0


def _is_cut_within_page(database: Path) -> bool:
    """Whether the last page is cut off; SQLite reads zeros where its end was."""
    with database.open('rb') as file:
        size = int.from_bytes(file.read(18)[16:], 'big')
    return bool(size) and database.stat().st_size % (65536 if size == 1 else size) != 0


class BrokenFile:
    """The readable beginning of a file; `break_reason` describes where and why it ends."""

    def __init__(self, path: Path):
        self.path = path
        self.break_reason = ''
        self.start, self.end = 0, 0
        counts: Counter[tuple[str, str]] = Counter()
        topics: dict[tuple[str, str], Topic] = {}
        for stamp, topic, _ in self._scan():
            self.start = min(self.start or stamp, stamp)
            self.end = max(self.end, stamp)
            topics.setdefault((topic.name, topic.type), topic)
            counts[topic.name, topic.type] += 1
        self.count = sum(counts.values())
        self.topics = [replace(topic, count=counts[key]) for key, topic in topics.items()]

    def __enter__(self) -> 'BrokenFile':
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def messages(self, names: Collection[str], start: int | None,
                 stop: int | None) -> Iterator[Message]:
        """Yield messages of these topics; `start` and `stop` as in `Bag.messages`."""
        for message in self._scan():
            inside = ((start is None or message.stamp >= start)
                      and (stop is None or message.stamp < stop))
            if inside and message.topic.name in names and message.topic.is_cdr:
                yield message._replace(data=unpacked(message.data))

    def _scan(self) -> Iterator[Message]:
        """Yield message after message until nothing more can be read."""
        try:
            yield from read_from_front(self.path)
        except GeneratorExit:
            raise
        except Exception as error:  # whatever a parser makes of damaged bytes
            self.break_reason = str(error) or type(error).__name__


def _read_mcap(path: Path) -> Iterator[Message]:
    schemas, topics = {}, {}
    with path.open('rb') as file:
        for record in StreamReader(_Exact(file), validate_crcs=True).records:
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                topics[record.id] = _mcap_topic(record, schemas.get(record.schema_id))
            elif isinstance(record, McapMessage):
                yield Message(record.log_time, topics[record.channel_id], record.data)


def _read_sqlite(path: Path) -> Iterator[Message]:
    uri = f'{path.resolve().as_uri()}?mode=ro'
    if not _has_journal(path):
        uri += '&immutable=1'
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    try:
        # Otherwise SQLite refuses a file that is shorter than its header says.
        connection.execute('PRAGMA writable_schema = ON')
        _require_tables(connection)
        topics = dict(_sqlite_topics(connection))
        last = None
        for stamp, topic, data in connection.execute(
                'SELECT timestamp, topic_id, data FROM messages'):
            if last:
                yield last
            last = Message(stamp, topics[topic], data)
        if _is_cut_within_page(path):
            raise EndOfFile('its last page is cut off')  # the size of the loss is unknown
        if last:
            yield last
    finally:
        connection.close()


def check_tables(database: Path) -> None:
    """Raise ValueError if a table is a view, whose rows may never end."""
    connection = sqlite3.connect(f'{database.resolve().as_uri()}?mode=ro', uri=True)
    try:
        _require_tables(connection)
    finally:
        connection.close()


def _require_tables(connection: sqlite3.Connection) -> None:
    for name, kind, text in connection.execute('SELECT name, type, sql FROM sqlite_master'):
        is_plain = kind == 'table' and not str(text).upper().startswith('CREATE VIRTUAL')
        if name in ('messages', 'topics', 'schema', 'metadata', 'message_definitions') \
                and not is_plain:
            raise ValueError(f'{name} is not a table: this is not a recording')


class _Exact:
    """A file whose reads return all requested bytes, or raise EndOfFile."""

    def __init__(self, file: BinaryIO):
        self._file = file

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EndOfFile(f'it ends at byte {self._file.tell()}, within a record')
        return data


def _mcap_topic(channel: Channel, schema: Schema | None) -> Topic:
    serialization = channel.message_encoding or CDR
    name = schema.name if schema else ''
    return Topic(
        channel.topic, canonical_type(name) if serialization == CDR else name,
        qos=tuple(parse_qos(channel.metadata.get('offered_qos_profiles', ''))),
        definition=schema.data.decode(errors='replace') if schema else '',
        definition_encoding=schema.encoding if schema else '',
        type_hash=channel.metadata.get('topic_type_hash', ''),
        serialization=serialization).completed()


def _sqlite_topics(connection: sqlite3.Connection) -> Iterator[tuple[int, Topic]]:
    columns = {row[1] for row in connection.execute('PRAGMA table_info(topics)')}
    qos = 'offered_qos_profiles' if 'offered_qos_profiles' in columns else "''"
    for topic_id, name, kind, profiles in connection.execute(
            f'SELECT id, name, type, {qos} FROM topics'):     # noqa: S608 (one of two constants)
        topic = Topic(name, canonical_type(kind), qos=tuple(parse_qos(profiles)))
        yield topic_id, topic.completed()


_READERS = {'.mcap': _read_mcap, '.db3': _read_sqlite}
