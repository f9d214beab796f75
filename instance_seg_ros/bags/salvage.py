# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What can be read of a bag file whose end is missing or damaged.

A recorder that was killed leaves an MCAP file without its index, or a database that is shorter
than its header says. Both are read from the front, in the order of recording, and once in full
when they are opened, because only then is it known which topics they hold.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from mcap.exceptions import EndOfFile
from mcap.records import Channel, Schema
from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader
from rosbags.rosbag2.metadata import parse_qos

from .topics import Message, Topic


def open_broken(path: Path) -> '_BrokenFile | None':
    """Open what is left of a bag file; None when no message of it can be read."""
    if path.suffix not in _READERS:
        return None
    part = _READERS[path.suffix](path)
    return part if part.count else None


class _BrokenFile:
    """The readable beginning of a file; `break_reason` says where and why it ends."""

    def __init__(self, path: Path):
        self.path = path
        self.break_reason = ''
        counts, self.start, self.end, topics = Counter(), 0, 0, {}
        for stamp, topic, _ in self._scan():
            self.start = min(self.start or stamp, stamp)
            self.end = max(self.end, stamp)
            topics.setdefault(topic.name, topic)
            counts[topic.name] += 1
        self.count = sum(counts.values())
        self.topics = [replace(topic, count=counts[name]) for name, topic in topics.items()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def messages(self, names: Collection[str], start: int | None,
                 stop: int | None) -> Iterator[Message]:
        for message in self._scan():
            inside = ((start is None or message.stamp >= start)
                      and (stop is None or message.stamp < stop))
            if inside and message.topic.name in names:
                yield message

    def _scan(self) -> Iterator[Message]:
        """Yield message after message until nothing more can be read."""
        try:
            yield from self._read()
        except GeneratorExit:
            raise
        except Exception as error:  # whatever a parser makes of damaged bytes
            self.break_reason = str(error) or type(error).__name__


class _BrokenMcap(_BrokenFile):

    def _read(self) -> Iterator[Message]:
        schemas, topics = {}, {}
        with self.path.open('rb') as file:
            for record in StreamReader(_Exact(file), validate_crcs=True).records:
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    topics[record.id] = _mcap_topic(record, schemas.get(record.schema_id))
                elif isinstance(record, McapMessage):
                    yield Message(record.log_time, topics[record.channel_id], record.data)


class _BrokenSqlite(_BrokenFile):

    def _read(self) -> Iterator[Message]:
        uri = f'{self.path.resolve().as_uri()}?mode=ro&immutable=1'
        connection = sqlite3.connect(uri, uri=True)
        try:
            # Otherwise SQLite refuses a file that is shorter than its header says.
            connection.execute('PRAGMA writable_schema = ON')
            topics = dict(_sqlite_topics(connection))
            rows = connection.execute('SELECT topic_id, timestamp, data FROM messages')
            for topic_id, stamp, data in rows:
                yield Message(stamp, topics[topic_id], data)
        finally:
            connection.close()


class _Exact:
    """A file whose reads give all that was asked for, or end."""

    def __init__(self, file):
        self._file = file

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EndOfFile(f'it ends at byte {self._file.tell()}, within a record')
        return data


def _mcap_topic(channel: Channel, schema: Schema | None) -> Topic:
    return Topic(
        channel.topic, schema.name if schema else '',
        qos=tuple(parse_qos(channel.metadata.get('offered_qos_profiles', ''))),
        definition=schema.data.decode() if schema else '',
        definition_encoding=schema.encoding if schema else '',
        type_hash=channel.metadata.get('topic_type_hash', ''),
        serialization=channel.message_encoding).completed()


def _sqlite_topics(connection: sqlite3.Connection) -> Iterator[tuple[int, Topic]]:
    columns = {row[1] for row in connection.execute('PRAGMA table_info(topics)')}
    qos = 'offered_qos_profiles' if 'offered_qos_profiles' in columns else "''"
    for topic_id, name, kind, profiles in connection.execute(
            f'SELECT id, name, type, {qos} FROM topics'):
        yield topic_id, Topic(name, kind, qos=tuple(parse_qos(profiles))).completed()


_READERS = {'.mcap': _BrokenMcap, '.db3': _BrokenSqlite}
