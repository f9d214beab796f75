# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags we write, read by rosbags and by mcap's own reader."""

import pytest
import yaml
from bag_content import BEGIN, BEST_EFFORT, CONTENT, FRAMES, PERIOD, RAW
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader

from instance_seg_ros.bags import BagWriter, Topic, open_source
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.offline.progress import ResumableBag

DETECTIONS = 'vision_msgs/msg/Detection2DArray'
DETECTIONS_HASH = 'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968'


def copy(source, path):
    with open_source(source) as bag, BagWriter(path) as writer:
        for topic in bag.topics:
            writer.add_topic(topic)
        for stamp, topic, data in bag.messages():
            writer.write(topic, stamp, data)
    return path


@pytest.mark.parametrize('storage, compression', [('sqlite3', 'none'), ('mcap', 'message')])
def test_round_trip(make_bag, tmp_path, storage, compression):
    source = make_bag(topics=tuple(CONTENT), storage=storage, compression=compression)
    path = copy(source, tmp_path / 'copy')
    with Reader(source) as before, Reader(path) as after:
        for ours, theirs in zip(after.connections, before.connections, strict=True):
            assert ours[1:3] == theirs[1:3]                        # topic, type
            assert ours.msgdef.data == theirs.msgdef.data
            assert ours.digest == theirs.digest
            assert ours.ext.offered_qos_profiles == [BEST_EFFORT]
            assert ours.msgcount == theirs.msgcount == FRAMES
        assert (after.start_time, after.end_time, after.duration, after.message_count) == (
            before.start_time, before.end_time, before.duration, before.message_count)
        assert [m[1:] for m in after.messages()] == [m[1:] for m in before.messages()]
    assert not (tmp_path / 'copy.part').exists()


def test_mcap_reads_it(make_bag, tmp_path):
    path = copy(make_bag(topics=tuple(CONTENT)), tmp_path / 'copy')
    with (path / 'copy_0.mcap').open('rb') as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == 'ros2'
        summary = reader.get_summary()
        assert {c.compression for c in summary.chunk_indexes} == {'zstd'}
        seen = {}
        for schema, channel, message in reader.iter_messages():
            seen.setdefault(channel.topic, []).append((message.log_time, bytes(message.data)))
            assert schema.encoding == 'ros2msg'
            assert channel.metadata['topic_type_hash'].startswith('RIHS01_')
        metadata, = reader.iter_metadata()
    assert seen == {topic: [(BEGIN + i * PERIOD, content(i)) for i in range(FRAMES)]
                    for topic, (_, content) in CONTENT.items()}
    inside = yaml.safe_load(metadata.metadata['serialized_metadata'])
    metadata = yaml.safe_load((path / 'metadata.yaml').read_text())
    assert metadata == {'rosbag2_bagfile_information': inside}
    assert inside['relative_file_paths'] == ['copy_0.mcap']


def test_vision_msgs_need_no_ros(tmp_path):
    with BagWriter(tmp_path / 'bag') as writer:
        writer.add_topic(Topic.of('/detections', DETECTIONS))
    with AnyReader([tmp_path / 'bag']) as reader:  # compares definition and hash
        connection, = reader.connections
        assert connection.digest == DETECTIONS_HASH
        assert 'vision_msgs/BoundingBox2D bbox' in connection.msgdef.data


def test_an_unknown_type(tmp_path):
    topic = Topic.of('/strange', 'strange_msgs/msg/Thing')
    assert (topic.definition, topic.type_hash) == ('', '')
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write(topic, 5, b'\x00\x01\x00\x00abc')
    with open_source(tmp_path / 'bag') as bag:
        assert [(m.stamp, m.topic.type, m.data) for m in bag.messages()] == [
            (5, 'strange_msgs/msg/Thing', b'\x00\x01\x00\x00abc')]


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path):
    (tmp_path / 'there').mkdir()
    with pytest.raises(UserError, match='exists already'):
        BagWriter(tmp_path / 'there')
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='No bag can be written'):
        BagWriter(tmp_path / 'file' / 'bag')
    with pytest.raises(RuntimeError), BagWriter(tmp_path / 'bag') as writer:
        writer.write(Topic.of(RAW, CONTENT[RAW][0]), 1, b'1')
        raise RuntimeError
    assert sorted(p.name for p in tmp_path.iterdir()) == ['file', 'there']


def test_what_a_killed_writer_left_is_readable_and_not_replaced(tmp_path):
    topic = Topic.of(RAW, CONTENT[RAW][0])
    killed = BagWriter(tmp_path / 'bag')
    killed.write(topic, 1, CONTENT[RAW][1](0))
    killed.abandon(keep=True)
    with open_source(tmp_path / 'bag.part') as bag:
        assert [m.stamp for m in bag.messages()] == [1]
    with pytest.raises(UserError, match='bag.part is left of a recording .* rename or remove it'):
        BagWriter(tmp_path / 'bag')
    (tmp_path / 'bag.part').rename(tmp_path / 'rescued')
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write(topic, 2, CONTENT[RAW][1](0))
    for name, stamp in ('rescued', 1), ('bag', 2):
        with open_source(tmp_path / name) as bag:
            assert [m.stamp for m in bag.messages()] == [stamp]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(['/a', '/b']), st.integers(0, 2**62),
                          st.binary(max_size=50).map(lambda data: b'\0\1\0\0' + data))))
def test_any_messages_come_back_in_order_of_time(tmp_path_factory, written):
    path = tmp_path_factory.mktemp('any') / 'bag'
    with BagWriter(path) as writer:
        for name, stamp, data in written:
            writer.write(Topic.of(name, 'std_msgs/msg/String'), stamp, data)
    with open_source(path) as bag:
        read = [(m.topic.name, m.stamp, m.data) for m in bag.messages()]
    assert [r[1] for r in read] == sorted(w[1] for w in written)
    assert sorted(read) == sorted(written)


def test_a_full_disk_at_the_start_leaves_nothing(tmp_path, monkeypatch):
    """So that the same command works once there is room again."""
    def no_room(*_, **__):
        raise OSError(28, 'No space left on device')

    for place in ('mcap.writer.Writer.start', 'instance_seg_ros.offline.progress.Progress.save'):
        with monkeypatch.context() as full:
            full.setattr(place, no_room)
            with pytest.raises((UserError, OSError), match='No space left'):
                ResumableBag(tmp_path / 'bag', {}, [])
        assert list(tmp_path.iterdir()) == []
    with ResumableBag(tmp_path / 'bag', {}, []):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ['bag']
