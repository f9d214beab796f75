# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writing bags that `ros2 bag` reads, from Humble on: MCAP, zstd, a folder with metadata.yaml."""

import io
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import zstandard
from mcap.writer import CompressionType, Writer
from rosbags.rosbag2.metadata import dump_qos_v8
from ruamel.yaml import YAML

from .. import __version__
from ..core.errors import UserError
from .topics import Topic

CHUNK_BYTES = 1 << 20
"""Of messages, after which a chunk ends: at the same message in every run."""
_NEVER = 1 << 60
METADATA_VERSION = 8
"""The newest metadata that Humble reads as well: from 9 on, QoS is written in another form."""


@dataclass
class _Channel:
    topic: Topic
    id: int
    count: int = 0


@dataclass
class _Times:
    first: int = 2**63 - 1
    last: int = 0

    def add(self, stamp: int) -> None:
        self.first, self.last = min(self.first, stamp), max(self.last, stamp)

    @property
    def span(self) -> int:
        return max(0, self.last - self.first)


class BagWriter:
    """A new MCAP bag, written to `PATH.part` and renamed to `PATH` by `close()`.

    As a context manager it closes the bag when all went well and else removes what it wrote.
    """

    def __init__(self, path: Path | str, *, custom_data: dict[str, str] | None = None):
        """Begin a bag; UserError when ``path`` or its part exists, or nothing can be written."""
        self.path = Path(path)
        self._part = part_of(self.path)
        self._file_name = f'{self.path.name}_0.mcap'
        self._custom_data = {'instance_seg_ros': __version__, **(custom_data or {})}
        self._channels: dict[tuple[str, str], _Channel] = {}
        self._schemas: dict[tuple[str, str], int] = {}
        self._times = _Times()
        self._pending_bytes = self._written = 0
        self._failed = False
        self.in_complete_chunks = 0
        """Messages that `flush_chunks` makes readable."""
        check_free(self.path)
        check_no_part(self.path)
        try:
            self._part.mkdir(parents=True)
            self._file = (self._part / self._file_name).open('wb')
            self._mcap = Writer(self._file, _NEVER, CompressionType.ZSTD)
            self._mcap.start(profile='ros2', library=f'instance_seg_ros-{__version__}')
            self._mcap.flush()
        except OSError as error:
            shutil.rmtree(self._part, ignore_errors=True)   # nothing was written to it
            raise UserError(f'No bag can be written to {self.path}: {error.strerror}.') from error

    def add_topic(self, topic: Topic) -> None:
        """Register a topic; it is listed in the bag even without messages."""
        if (topic.name, topic.type) not in self._channels:
            self._channels[topic.name, topic.type] = _Channel(topic, self._register(topic))

    def write(self, topic: Topic, stamp: int, data: bytes) -> None:
        """Append a serialized message recorded at ``stamp``, in nanoseconds."""
        self.add_topic(topic)
        channel = self._channels[topic.name, topic.type]
        self._mcap.add_message(channel.id, stamp, data, publish_time=stamp,
                               sequence=channel.count)
        channel.count += 1
        self._times.add(stamp)
        self._written += 1
        self._pending_bytes += len(data)
        if self._pending_bytes >= CHUNK_BYTES:
            self._end_chunk()

    def flush(self) -> None:
        """Hand all that was written to the system: readable even if the process is killed."""
        self._end_chunk()
        self._file.flush()

    def flush_chunks(self) -> None:
        """Do the same for complete chunks alone: the bytes of the bag do not depend on it."""
        self._file.flush()

    def _end_chunk(self) -> None:
        """Write the chunk; after an error none, because the library has lost its messages."""
        if not self._failed:
            with self._writing():
                self._mcap.flush()
            self._pending_bytes, self.in_complete_chunks = 0, self._written

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._failed = True
        try:
            yield
        except zstandard.ZstdError as error:    # compression fails for lack of memory alone
            raise MemoryError(f'{self.path}: {error}') from error
        self._failed = False

    def close(self) -> Path:
        """Finish the bag and give it its name; return its path."""
        if self._failed:
            raise UserError(f'{self.path} is incomplete: a part of it could not be written.')
        information = self._information()
        self._mcap.add_metadata('rosbag2', {'serialized_metadata': _yaml(information)})
        with self._writing():
            self._mcap.finish()
        self._file.close()
        (self._part / 'metadata.yaml').write_text(
            _yaml({'rosbag2_bagfile_information': information}), encoding='utf-8')
        self._part.replace(self.path)
        return self.path

    def abandon(self, keep: bool = False) -> None:
        """Stop without a bag; ``keep`` leaves what was written in `PATH.part`."""
        with suppress(OSError, MemoryError):    # of a full disk, which has said so before
            if keep:
                self.flush()
        with suppress(OSError):
            self._file.close()
        if not keep:
            shutil.rmtree(self._part, ignore_errors=True)

    def __enter__(self) -> 'BagWriter':
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _register(self, topic: Topic) -> int:
        key = (topic.type, topic.definition)
        if key not in self._schemas:
            self._schemas[key] = self._mcap.register_schema(
                topic.type, topic.definition_encoding, topic.definition.encode())
        return self._mcap.register_channel(
            topic.name, topic.serialization, self._schemas[key],
            {'offered_qos_profiles': dump_qos_v8(list(topic.qos)),
             'topic_type_hash': topic.type_hash})

    def _information(self) -> dict:
        """Return the content of metadata.yaml, which is also stored in the MCAP file."""
        counts = Counter({key: channel.count for key, channel in self._channels.items()})
        duration = {'nanoseconds': self._times.span}
        start = {'nanoseconds_since_epoch': self._times.first}
        return {
            'version': METADATA_VERSION,
            'storage_identifier': 'mcap',
            'duration': duration,
            'starting_time': start,
            'message_count': counts.total(),
            'topics_with_message_count': [
                {'topic_metadata': _topic_metadata(channel.topic), 'message_count': channel.count}
                for channel in self._channels.values()],
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [self._file_name],
            'files': [{'path': self._file_name, 'starting_time': dict(start),
                       'duration': dict(duration), 'message_count': counts.total()}],
            'custom_data': self._custom_data,
            'ros_distro': '',
        }


def part_of(path: Path) -> Path:
    """Return the folder in which a bag lies until it is complete."""
    return path.with_name(f'{path.name}.part')


def check_free(path: Path) -> None:
    """Refuse a path at which something is already."""
    if not path.name:
        raise UserError(f'{path} is not a name for a new bag.')
    if path.exists():
        raise UserError(f'{path} exists already; remove it or give another name.')


def check_no_part(path: Path) -> None:
    """Refuse a path at which a bag was cut off: its part may be all that is left of a drive."""
    part = part_of(path)
    if part.exists():
        raise UserError(f'{part} is left of a recording that was cut off; rename or remove it '
                        'first.')


def _topic_metadata(topic: Topic) -> dict:
    return {
        'name': topic.name,
        'type': topic.type,
        'serialization_format': topic.serialization,
        'offered_qos_profiles': dump_qos_v8(list(topic.qos)),
        'type_description_hash': topic.type_hash,
    }


def _yaml(content: dict) -> str:
    yaml = YAML(typ='safe')
    yaml.default_flow_style = False
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()
