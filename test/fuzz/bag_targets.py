# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of recordings: bags, their metadata, the messages in them, videos."""

from __future__ import annotations

import io
import tempfile
from functools import partial
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from bags import bag_content
from fuzz.harness import Target
from fuzz.mutations import altered
from fuzz.refusals import refused
from hypothesis import strategies as st
from ruamel.yaml import YAML

from instance_seg_ros.bags import Message, Topic, open_source
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.offline.decoding import decode

_TOPICS = (bag_content.RAW, bag_content.COMPRESSED, bag_content.INFO)
_MOST_MESSAGES = 100
_PROCESSOR = SimpleNamespace(prepare=lambda image: image)


def _bags() -> dict[str, bytes]:
    """Return the content of small bags by name, and of the metadata of one."""
    content = {}
    for storage, compression in (('mcap', 'none'), ('mcap', 'message'), ('sqlite3', 'none')):
        with tempfile.TemporaryDirectory() as name:
            bag = bag_content.write_bag(Path(name, 'bag'), _TOPICS, storage, compression, 2)
            for file in bag.iterdir():
                content[f'{compression}{file.suffix}'] = file.read_bytes()
    return content


def _video(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        return bag_content.write_video(Path(name, f'video{suffix}'), frames=3).read_bytes()


_BAGS = _bags()
_MESSAGES = {'sensor_msgs/msg/Image': bag_content.raw_image(1),
             'sensor_msgs/msg/CompressedImage': bag_content.compressed_image(1)}


def _read_through(path: Path) -> str:
    try:
        with open_source(path) if path.suffix != '.mp4' else _opened(path) as source:
            for message in islice(source.messages(), _MOST_MESSAGES):
                if message.topic.is_image:
                    problem = decode(message, _PROCESSOR).problem
                    assert len(problem) < 30
            return 'read in part' if source.break_reason else 'accepted'
    except UserError as error:
        return refused(error)


class _opened:      # noqa: N801 (a context manager: a video has nothing to close)
    def __init__(self, path: Path) -> None:
        self._source = open_source(path)

    def __enter__(self):
        return self._source

    def __exit__(self, *_) -> None:
        pass


def _read_file(case: bytes, folder: Path, suffix: str) -> str:
    path = folder / f'case{suffix}'
    path.write_bytes(case)
    return _read_through(path)


def _read_folder(case: bytes, folder: Path) -> str:
    bag = folder / 'bag'
    bag.mkdir(exist_ok=True)
    if not (bag / 'bag.mcap').exists():
        (bag / 'bag.mcap').write_bytes(_BAGS['none.mcap'])
    (bag / 'metadata.yaml').write_bytes(case)
    return _read_through(bag)


def _read_message(case: bytes, folder: Path) -> str:
    outcomes = [decode(Message(0, Topic.of('/image', name), case), _PROCESSOR)
                for name in _MESSAGES]
    assert all(len(outcome.reason) < 2000 for outcome in outcomes)
    return outcomes[0].problem or 'accepted'


def _as_yaml(content) -> bytes:
    stream = io.StringIO()
    YAML(typ='safe').dump(content, stream)
    return stream.getvalue().encode(errors='surrogatepass')


TARGETS = (
    Target('bags (MCAP)', partial(_read_file, suffix='.mcap'),
           (_BAGS['none.mcap'], _BAGS['message.mcap']), weight=0.2),
    Target('bags (SQLite)', partial(_read_file, suffix='.db3'), (_BAGS['none.db3'],), weight=0.2),
    Target('bag metadata', _read_folder, (_BAGS['none.yaml'],), st.builds(
        _as_yaml, altered(YAML(typ='safe').load(_BAGS['message.yaml']))), weight=0.02),
    Target('messages in bags', _read_message, tuple(_MESSAGES.values())),
    Target('videos', partial(_read_file, suffix='.mp4'), (_video('.mp4'), _video('.avi')),
           weight=0.2),
)
