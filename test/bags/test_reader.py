# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading bags of every kind, whole and broken."""

import re
import shutil
import sqlite3

import pytest
import zstandard
from bag_content import BEGIN, BEST_EFFORT, COMPRESSED, CONTENT, FRAMES, INFO, PERIOD, RAW
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.writer import Writer as McapWriter

from instance_seg_ros.bags import BagWriter, choose_image_topic, image_topics, open_source
from instance_seg_ros.bags.definitions import definition_of, typestore
from instance_seg_ros.bags.type_names import canonical_type, is_message_type
from instance_seg_ros.core.errors import UserError

STAMPS = [BEGIN + i * PERIOD for i in range(FRAMES)]


@pytest.mark.parametrize('storage, compression', [
    ('sqlite3', 'none'), ('sqlite3', 'message'), ('sqlite3', 'file'),
    ('mcap', 'none'), ('mcap', 'storage'), ('mcap', 'file')])
def test_every_storage_and_compression(make_bag, storage, compression):
    path = make_bag(topics=tuple(CONTENT), storage=storage, compression=compression)
    with open_source(path) as bag:
        assert {t.name: (t.type, t.count) for t in bag.topics} == {
            name: (kind, FRAMES) for name, (kind, _) in CONTENT.items()}
        assert (bag.start, bag.end, bag.count) == (STAMPS[0], STAMPS[-1], 3 * FRAMES)
        for topic, (_, content) in CONTENT.items():
            messages = list(bag.messages([topic]))
            assert [m.stamp for m in messages] == STAMPS
            assert [m.data for m in messages] == [content(i) for i in range(FRAMES)]
        assert [m.stamp for m in bag.messages()] == sorted(STAMPS * 3)
        assert bag.break_reason == ''


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_bare_file_and_a_packed_one(make_bag, storage, tmp_path):
    file = next(p for p in make_bag(storage=storage).iterdir() if p.suffix != '.yaml')
    packed = tmp_path / f'{file.name}.zstd'
    packed.write_bytes(zstandard.compress(file.read_bytes()))
    for path in (file, packed):
        with open_source(path) as bag:
            assert [m.stamp for m in bag.messages()] == STAMPS


def test_topics_carry_qos_definition_and_hash(make_bag):
    for storage in ('sqlite3', 'mcap'):
        with open_source(make_bag(storage, storage=storage)) as bag:
            topic, = bag.topics
        assert topic.qos == (BEST_EFFORT,)
        assert topic.definition_encoding == 'ros2msg'
        assert 'uint8[] data' in topic.definition and 'MSG: std_msgs/Header' in topic.definition
        assert topic.type_hash == typestore().hash_rihs01('sensor_msgs/msg/Image')


@settings(max_examples=30, deadline=None)
@given(start=st.none() | st.integers(-2, FRAMES + 2), stop=st.none() | st.integers(-2, FRAMES + 2))
def test_interval(shared_bag, start, stop):
    def time(index):
        return None if index is None else BEGIN + index * PERIOD

    with open_source(shared_bag) as bag:
        read = [m.stamp for m in bag.messages([RAW], time(start), time(stop))]
    assert read == [s for s in STAMPS if (start is None or s >= time(start))
                    and (stop is None or s < time(stop))]


def test_choosing_the_image_topic(make_bag):
    with open_source(make_bag('one', (RAW, INFO))) as bag:
        assert choose_image_topic(bag).name == RAW
        assert choose_image_topic(bag, RAW.lstrip('/')).name == RAW
        with pytest.raises(UserError, match=f'no image topic /nope.*{RAW}'):
            choose_image_topic(bag, '/nope')
        with pytest.raises(UserError, match='no image topic'):
            choose_image_topic(bag, INFO)
    with open_source(make_bag('two', (RAW, COMPRESSED))) as bag:
        assert {t.name for t in image_topics(bag)} == {RAW, COMPRESSED}
        assert choose_image_topic(bag, COMPRESSED).name == COMPRESSED
        with pytest.raises(UserError, match=f'(?s)--image-topic.*{RAW}.*{COMPRESSED}'):
            choose_image_topic(bag)
    with open_source(make_bag('none', (INFO,))) as bag:
        with pytest.raises(UserError, match=f'contains no images.*{INFO}'):
            choose_image_topic(bag)


def test_an_empty_bag(make_bag):
    with open_source(make_bag(frames=0)) as bag:
        assert list(bag.messages()) == []
        with pytest.raises(UserError, match='contains no images'):
            choose_image_topic(bag)


def test_what_is_no_bag(tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'text.txt').write_text('text')
    (tmp_path / 'empty.mcap').touch()
    (tmp_path / 'noise.db3').write_bytes(b'noise' * 100)
    (tmp_path / 'noise.mcap.zstd').write_bytes(b'noise' * 100)
    (tmp_path / 'old.bag').write_bytes(b'#ROSBAG V2.0\n')
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'metadata.yaml').write_text('{')
    for name, said in (('nothing', 'There is no bag'), ('empty', 'neither metadata.yaml nor'),
                       ('text.txt', 'neither a ROS 2 bag'), ('empty.mcap', 'cannot be read'),
                       ('noise.db3', 'cannot be read'), ('noise.mcap.zstd', 'cannot be read'),
                       ('old.bag', 'ROS 1'), ('broken', 'cannot be read')):
        with pytest.raises(UserError, match=said) as caught:
            open_source(tmp_path / name)
        assert name in str(caught.value)


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('part', [0.6, 0.9, 0.999])
def test_a_truncated_file_is_read_up_to_where_it_breaks(make_bag, caplog, storage, part):
    frames = 1500 if storage == 'mcap' else 300
    path = make_bag(storage=storage, frames=frames)
    file = next(p for p in path.iterdir() if p.suffix != '.yaml')
    size = file.stat().st_size
    with file.open('r+b') as opened:
        opened.truncate(int(size * part))
    for source in (path, file):
        caplog.clear()
        with open_source(source) as bag:
            messages = list(bag.messages())
        # Whole chunks of 1 MB, about 430 images, in MCAP; single images in sqlite3.
        least = 400 if storage == 'mcap' else frames * part * 0.8
        assert least <= len(messages) <= frames
        assert [m.data for m in messages] == [CONTENT[RAW][1](i) for i in range(len(messages))]
        assert bag.count == len(messages)
        if len(messages) < frames:
            assert bag.break_reason
            assert 'damaged or was cut off' in caplog.text and str(source) in caplog.text


def test_the_journal_of_a_killed_recorder(make_bag, tmp_path):
    file = next(make_bag(storage='sqlite3').glob('*.db3'))
    recorder = sqlite3.connect(file)
    recorder.execute('PRAGMA journal_mode = WAL')
    recorder.execute('INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?, ?)',
                     (STAMPS[-1] + PERIOD, CONTENT[RAW][1](FRAMES)))
    recorder.commit()
    for name in (file.name, f'{file.name}-wal'):
        shutil.copy(file.with_name(name), tmp_path / name)
    recorder.close()
    with open_source(tmp_path / file.name) as bag:
        assert [m.stamp for m in bag.messages()] == [*STAMPS, STAMPS[-1] + PERIOD]


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_recording_without_metadata(make_bag, caplog, storage):
    path = make_bag(storage=storage)
    (path / 'metadata.yaml').unlink()
    with open_source(path) as bag:
        assert [m.stamp for m in bag.messages()] == STAMPS
    assert 'no readable metadata.yaml' in caplog.text


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('count', ['[1, 2]', 'many', '-5', '{}', '2.5'])
def test_an_invalid_message_count(make_bag, caplog, storage, count):
    """The data files are read without the metadata."""
    path = make_bag(storage=storage)
    metadata = path / 'metadata.yaml'
    metadata.write_text(re.sub(rf'(?m)^  message_count: {FRAMES}$', f'  message_count: {count}',
                               metadata.read_text()))
    with open_source(path) as bag:
        assert bag.count == FRAMES and [m.stamp for m in bag.messages()] == STAMPS
    assert 'cannot be read as its metadata.yaml says (invalid message counts' in caplog.text


def split_bag(folder):
    """Make three data files of a bag's only one; return their names."""
    file = next(p for p in folder.iterdir() if p.suffix != '.yaml')
    names = [f'part_{number}{file.suffix}' for number in range(3)]
    for name in names:
        shutil.copy(file, folder / name)
    file.unlink()
    change_metadata(folder, f'  - {file.name}\n', ''.join(f'  - {name}\n' for name in names))
    return names


def change_metadata(folder, before, after):
    metadata = folder / 'metadata.yaml'
    text = metadata.read_text()
    assert text.count(before) == 1
    metadata.write_text(text.replace(before, after))


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('rest', [b'', b'noise' * 100])
def test_files_that_are_lost_are_a_break(make_bag, caplog, storage, rest):
    """One that is not there, and one of which nothing can be read."""
    path = make_bag(storage=storage)
    names = split_bag(path)
    with open_source(path) as bag:
        assert [m.stamp for m in bag.messages()] == STAMPS * 3
        assert bag.break_reason == caplog.text == ''
    (path / names[0]).unlink()
    (path / names[2]).write_bytes(rest)
    with open_source(path) as bag:
        for _ in range(2):
            assert [m.stamp for m in bag.messages()] == STAMPS
        unreadable, missing = bag.break_reason.split('; ')
        assert missing == f'{names[0]}: metadata.yaml lists it, but it is not there'
        assert unreadable.startswith(f'{names[2]}: ') and len(unreadable) > len(names[2]) + 2
    assert [r.getMessage() for r in caplog.records] == [
        f'{path} is damaged or was cut off; the rest of it is read ({bag.break_reason}).']


def test_every_break_is_told(make_bag, caplog):
    """A file that is lost does not hide that another one breaks off."""
    path = make_bag(storage='sqlite3', frames=300)
    names = split_bag(path)
    (path / names[0]).unlink()
    with (path / names[1]).open('r+b') as file:
        file.truncate(int((path / names[1]).stat().st_size * 0.9))
    with open_source(path) as bag:
        assert names[0] in bag.break_reason
        lost = bag.break_reason
        assert 300 < len(list(bag.messages())) < 600
        assert bag.break_reason.startswith(f'{lost}; ')
    assert len(caplog.records) == 2


def test_a_file_that_was_unpacked_by_hand_is_there(make_bag):
    path = make_bag(compression='file')
    packed = next(path.glob('*.zstd'))
    data = zstandard.ZstdDecompressor().decompressobj().decompress(packed.read_bytes())
    (path / packed.stem).write_bytes(data)
    packed.unlink()
    with open_source(path) as bag:
        assert [m.stamp for m in bag.messages()] == STAMPS
        assert bag.break_reason == ''


def test_why_metadata_is_not_used(make_bag, caplog):
    path = make_bag()
    change_metadata(path, 'version: 9\n', 'version: 10\n')
    with open_source(path) as bag:
        assert [m.stamp for m in bag.messages()] == STAMPS
        assert bag.break_reason == ''
    assert 'version 10 not supported' in caplog.text
    assert 'no readable metadata.yaml' not in caplog.text


def test_parts_are_read_in_their_order(make_bag, tmp_path):
    whole = tmp_path / 'whole'
    whole.mkdir()
    for number in range(9, 12):
        part = make_bag(f'part_{number}', frames=number)
        shutil.copy(part / f'part_{number}.mcap', whole / f'whole_{number}.mcap')
    with open_source(whole) as bag:
        assert bag.topics[0].count == bag.count == 9 + 10 + 11
        assert [m.stamp for m in bag.messages()] == STAMPS[:9] + STAMPS[:10] + STAMPS[:11]


def test_damage_in_the_middle(make_bag, tmp_path, caplog):
    path = tmp_path / 'copy'
    with open_source(make_bag(frames=1500)) as bag, BagWriter(path) as writer:
        for stamp, topic, data in bag.messages():
            writer.write(topic, stamp, data)
    file = next(path.glob('*.mcap'))
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 1000] = bytes(1000)
    file.write_bytes(data)
    with open_source(path) as bag:
        messages = list(bag.messages())
        assert bag.break_reason
    assert 0 < len(messages) < 1500
    assert 'damaged' in caplog.text


def write_mcap(path, *channels, count=2):
    """Write channels (topic, type, encoding of the schema, of the messages, payload)."""
    with path.open('wb') as file:
        writer = McapWriter(file)
        writer.start(profile='ros2', library='test')
        for name, kind, schema, encoding, payload in channels:
            channel = writer.register_channel(
                name, encoding, writer.register_schema(kind, schema, b''))
            for index in range(count):
                writer.add_message(channel, BEGIN + index, payload, BEGIN + index)
        writer.finish()
    return path


def cut(path):
    """Take away the end of a file, as a recorder that was killed leaves it."""
    path.write_bytes(path.read_bytes()[:-40])
    return path


@pytest.mark.parametrize('damage', [lambda path: path, cut])
def test_messages_that_are_not_cdr_are_skipped(tmp_path, caplog, damage):
    """JSON under the name of a ROS type must not be taken for CDR."""
    path = damage(write_mcap(
        tmp_path / 'a.mcap', (RAW, 'sensor_msgs/msg/Image', 'jsonschema', 'json', b'{"height":1}'),
        ('/proto', 'foxglove.CompressedImage', 'protobuf', 'protobuf', b'abc'),
        ('/old', 'sensor_msgs/Image', 'ros1msg', 'ros1', b'abc'),
        (INFO, 'std_msgs/msg/String', 'ros2msg', 'cdr', CONTENT[INFO][1](0))))
    with open_source(path) as bag:
        assert [t.name for t in bag.topics] == [INFO]
        assert {t.name: t.serialization for t in bag.skipped} == {
            RAW: 'json', '/proto': 'protobuf', '/old': 'ros1'}
        assert {m.topic.name for m in bag.messages()} == {INFO}
        assert not list(bag.messages([RAW]))
        with pytest.raises(UserError, match=f'{RAW} .*json messages, which are unsupported'):
            choose_image_topic(bag)
    assert 'only CDR messages are supported' in caplog.text


@pytest.mark.parametrize('damage', [lambda path: path, cut])
def test_type_names_of_the_first_releases(tmp_path, damage):
    path = damage(write_mcap(tmp_path / 'a.mcap', (
        RAW, 'sensor_msgs/Image', 'ros2msg', 'cdr', CONTENT[RAW][1](0))))
    with open_source(path) as bag:
        topic = choose_image_topic(bag)
        assert topic.type == 'sensor_msgs/msg/Image' and topic.definition and topic.type_hash
        assert [m.topic.type for m in bag.messages()] == [topic.type] * 2


@pytest.mark.parametrize('name', ('a/b/c', '../a/msg/B', 'a/msg/../B', 'a.b/msg/C', 'os', '',
                                  'a/msg/B C', 'a/msg/B\n'))
def test_other_names_are_no_message_types(name):
    assert not is_message_type(canonical_type(name)) and canonical_type(name) == name
    assert definition_of(name) == ''


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_compressed_messages_of_a_killed_recorder(make_bag, tmp_path, storage):
    """Only metadata.yaml says that they are compressed, and there is none."""
    content = [CONTENT[RAW][1](index) for index in range(FRAMES)]
    with open_source(make_bag(storage=storage)) as bag:
        topic, = bag.topics
    path = tmp_path / 'packed'
    if storage == 'sqlite3':
        path = make_bag('packed', storage=storage, compression='message')
        (path / 'metadata.yaml').unlink()
    else:
        with BagWriter(path) as writer:
            for stamp, data in zip(STAMPS, content, strict=True):
                writer.write(topic, stamp, zstandard.compress(data))
        (path / 'metadata.yaml').unlink()
        cut(next(path.glob('*.mcap')))
    with open_source(path) as bag:
        assert [m.data for m in bag.messages()] == content[:bag.count] and bag.count


def test_a_message_that_claims_to_be_huge_is_a_break(tmp_path):
    huge = b'\x28\xb5\x2f\xfd\xe0' + (1 << 40).to_bytes(8, 'little') + bytes(9)
    path = write_mcap(tmp_path / 'a.mcap', (RAW, 'sensor_msgs/msg/Image', 'ros2msg', 'cdr', huge))
    with open_source(path) as bag:
        assert list(bag.messages()) == [] and 'claims 1099511627776 bytes' in bag.break_reason


def test_a_view_in_place_of_a_table_is_refused(make_bag):
    """Its rows may never end."""
    file = next(make_bag(storage='sqlite3').glob('*.db3'))
    with sqlite3.connect(file) as database:
        database.execute('ALTER TABLE messages RENAME TO kept')
        database.execute(
            'CREATE VIEW messages AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 '
            'FROM n) SELECT id, 1 AS topic_id, id AS timestamp, zeroblob(9) AS data FROM n')
    database.close()
    with pytest.raises(UserError, match='messages is not a table'):
        open_source(file)


def test_many_lost_files_are_counted(make_bag):
    path = make_bag(storage='mcap')
    change_metadata(path, '  - bag.mcap\n', '  - bag.mcap\n' + ''.join(
        f'  - lost_{number}.mcap\n' for number in range(12)))
    with open_source(path) as bag:
        assert len(list(bag.messages())) == FRAMES
        assert bag.break_reason.endswith('and 9 more files') and len(bag.break_reason) < 300


@settings(max_examples=50, deadline=None)
@given(cut=st.floats(0, 1), noise=st.binary(max_size=40))
def test_any_damage_ends_in_messages_or_one_sentence(shared_file, tmp_path_factory, cut, noise):
    data = shared_file.read_bytes()
    path = tmp_path_factory.mktemp('damage') / shared_file.name
    path.write_bytes(data[:int(cut * len(data))] + noise)
    try:
        with open_source(path) as bag:
            assert all(m.topic.name for m in bag.messages())
    except UserError as error:
        assert str(path) in str(error)
