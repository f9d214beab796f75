# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags through a segmenter: what is in the new bag, however often the work was stopped."""

from collections import Counter
from unittest.mock import Mock

import numpy as np
import pytest
from bag_content import (
    BEGIN,
    COMPRESSED,
    CONTENT,
    FRAMES,
    INFO,
    PERIOD,
    RAW,
    frame_pixels,
    raw_image,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from mean_segmenter import MeanSegmenter, segment

from instance_seg_ros.bags import BagWriter, Topic, images, open_source
from instance_seg_ros.bags.definitions import typestore
from instance_seg_ros.bags.playback import Playback
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.node_config.parameters import CameraSettings
from instance_seg_ros.offline.camera_plan import CameraPlan, camera_names, choose_cameras
from instance_seg_ros.offline.process import BagProcessor, Options
from instance_seg_ros.offline.progress import ResumableBag
from instance_seg_ros.perception.overlay import OverlayStyle

STAMPS = [BEGIN + i * PERIOD for i in range(FRAMES)]
MASKS = '/instance_seg/instance_mask'


def process(path, output, *, wanted=None, overlay=False, segmenter=None, job='job', workers=1,
            **options):
    with open_source(path) as source:
        cameras = choose_cameras(source, wanted, ['overlay'] if overlay else [])
        segmenters = [segmenter or MeanSegmenter() for _ in range(workers)]
        processor = BagProcessor(segmenters, source, cameras, Options(**options))
        return processor.run(output, {'name': job})


def content(path):
    with open_source(path) as bag:
        return {(m.stamp, m.topic.name): m.data for m in bag.messages()}


def masks(path, topic=MASKS):
    """Return the instance masks by their header's stamp."""
    with open_source(path) as bag:
        found = [images.deserialize(m.data, m.topic.type) for m in bag.messages([topic])]
    return {images.stamp_of(i): i.data.view('<u2').reshape(i.height, i.width) for i in found}


def test_every_frame_and_every_topic(make_bag, tmp_path):
    source = make_bag(topics=tuple(CONTENT))
    summary = process(source, tmp_path / 'out', wanted=[RAW], overlay=True)
    assert (summary.frames, summary.failed, summary.resumed) == (FRAMES, {}, 0)
    assert summary.instances == Counter(car=FRAMES, person=FRAMES)
    before, after = content(source), content(tmp_path / 'out')
    assert before.items() <= after.items()
    with open_source(tmp_path / 'out') as bag:
        counts = {t.name.removeprefix('/instance_seg/'): (t.type, t.count) for t in bag.topics
                  if t.name not in CONTENT}
        header = [images.deserialize(m.data, m.topic.type).header for m in bag.messages([MASKS])]
    assert counts == {
        'instance_mask': ('sensor_msgs/msg/Image', FRAMES),
        'class_mask': ('sensor_msgs/msg/Image', FRAMES),
        'overlay': ('sensor_msgs/msg/Image', FRAMES),
        'detections': ('vision_msgs/msg/Detection2DArray', FRAMES),
        'label_info': ('vision_msgs/msg/LabelInfo', 1)}
    assert [h.frame_id for h in header] == ['camera'] * FRAMES
    assert sorted(s for s, name in after if name == MASKS) == STAMPS
    for index, (stamp, mask) in enumerate(masks(tmp_path / 'out').items()):
        assert stamp == STAMPS[index]
        np.testing.assert_array_equal(mask, segment(frame_pixels(index)).instance_mask)


def test_several_segmenters_find_the_same(make_bag, tmp_path):
    source = make_bag(topics=(RAW, INFO), frames=20)
    for workers in 1, 3:
        summary = process(source, tmp_path / str(workers), workers=workers)
        assert summary.frames == 20 and 0 <= summary.segmenting_s <= summary.seconds
    with open_source(tmp_path / '1') as one, open_source(tmp_path / '3') as three:
        assert list(one.messages()) == list(three.messages())


def test_places_on_the_ground(make_bag, tmp_path):
    """With the intrinsics last heard of, or the first; they are only kept where all is."""
    info = Topic.of('/camera/camera_info', 'sensor_msgs/msg/CameraInfo')
    with open_source(make_bag()) as bag, BagWriter(tmp_path / 'with_info') as writer:
        for k, message in enumerate(bag.messages()):
            writer.write(message.topic, message.stamp, message.data)
            if k in (2, 6):
                writer.write(info, message.stamp + 1, camera_info(focal=8.0 if k == 2 else 16.0))
    camera = CameraPlan.of('/instance_seg', '', RAW, CameraSettings(detections_3d='ground'),
                           OverlayStyle())
    with open_source(tmp_path / 'with_info') as source:
        for only_outputs in True, False:
            BagProcessor([MeanSegmenter()], source, {RAW: camera}, Options(
                only_outputs=only_outputs)).run(tmp_path / str(only_outputs), {})
    with open_source(tmp_path / 'True') as bag, open_source(tmp_path / 'False') as whole:
        assert info.name not in {t.name for t in bag.topics}
        assert {t.name: t.count for t in whole.topics}[info.name] == 2
        arrays = [images.deserialize(m.data, m.topic.type)
                  for m in bag.messages(['/instance_seg/detections_3d'])]
    assert len(arrays) == FRAMES
    depths = [array.detections[0].bbox.center.position.z for array in arrays]
    assert min(depths[7:]) > max(depths[:7])


def camera_info(focal):
    types = typestore().types
    roi = types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    matrix = np.array([focal, 0, 16, 0, focal, 0, 0, 0, 1.0])
    return bytes(typestore().serialize_cdr(types['sensor_msgs/msg/CameraInfo'](
        images.header(0, 'camera'), *frame_pixels(0).shape[:2], '', np.empty(0), matrix,
        np.eye(3).ravel(), np.zeros(12), 0, 0, roi), 'sensor_msgs/msg/CameraInfo'))


def test_positions_from_depth_images(make_bag, tmp_path):
    """Of the image's moment, whether recorded before or after it; without one there are none."""
    info = Topic.of('/camera/camera_info', 'sensor_msgs/msg/CameraInfo')
    depth = Topic.of('/camera_depth', 'sensor_msgs/msg/Image')
    with open_source(make_bag()) as bag, BagWriter(tmp_path / 'with_depth') as writer:
        writer.write(info, BEGIN - 1, camera_info(focal=8.0))
        for k, message in enumerate(bag.messages()):
            data = images.serialize_image(images.header(message.stamp + 1000, 'camera'), '16UC1',
                                          np.full(frame_pixels(0).shape[:2], 1000 + k, np.uint16))
            pair = [(message.topic, message.data), (depth, data)][:1 if k == 5 else 2]
            for late, (topic, content) in enumerate(pair if k % 2 else pair[::-1]):
                writer.write(topic, message.stamp + late * 1000, content)
    camera = CameraPlan.of('/instance_seg', '', RAW, CameraSettings(
        detections_3d='depth', depth_topic='/camera_depth'), OverlayStyle())
    with open_source(tmp_path / 'with_depth') as source:
        BagProcessor([MeanSegmenter()], source, {RAW: camera}, Options()).run(
            tmp_path / 'out', {})
    with open_source(tmp_path / 'out') as bag:
        arrays = [images.deserialize(m.data, m.topic.type)
                  for m in bag.messages(['/instance_seg/detections_3d'])]
    depths = [{round(d.bbox.center.position.z, 6) for d in a.detections} for a in arrays]
    assert depths == [set() if k == 5 else {1 + k / 1000} for k in range(FRAMES)]


def test_several_cameras(make_bag, tmp_path):
    source = make_bag(topics=(RAW, COMPRESSED, INFO))
    summary = process(source, tmp_path / 'out', wanted=[RAW, COMPRESSED], only_outputs=True)
    assert summary.frames == 2 * FRAMES
    front, rear = (masks(tmp_path / 'out', f'/instance_seg/{name}/instance_mask')
                   for name in ('camera', 'rear'))
    for stamp in STAMPS:  # PNG is lossless
        np.testing.assert_array_equal(front[stamp], rear[stamp])
    assert not {name for _, name in content(tmp_path / 'out')} & set(CONTENT)


@pytest.mark.parametrize('batch', [1, 3, 5, 100])
def test_batches_change_nothing(make_bag, tmp_path, batch):
    segmenter = MeanSegmenter()
    source = make_bag(topics=(RAW, INFO))
    process(source, tmp_path / 'out', segmenter=segmenter, batch=batch)
    process(source, tmp_path / 'one')
    assert content(tmp_path / 'out') == content(tmp_path / 'one')
    assert max(segmenter.batches) == min(batch, FRAMES) and sum(segmenter.batches) == FRAMES


def test_part_and_every(make_bag, tmp_path):
    source = make_bag(topics=(RAW, INFO))
    process(source, tmp_path / 'out', part=Playback(start=0.2, duration=0.8), every=3)
    assert list(masks(tmp_path / 'out')) == STAMPS[2:10:3]
    assert [s for s, name in content(tmp_path / 'out') if name == INFO] == STAMPS[2:10]


def broken_bag(path, broken):
    topic = Topic.of(RAW, 'sensor_msgs/msg/Image')
    with BagWriter(path) as writer:
        for index in range(FRAMES):
            data = raw_image(index)
            if broken.get(index) == 'encoding':
                data = data.replace(b'rgb8', b'rgb9')
            elif broken.get(index) == 'short':
                data = data[:100]
            writer.write(topic, STAMPS[index], data)
    return path


def test_images_that_cannot_be_decoded_are_counted_and_kept(tmp_path):
    source = broken_bag(tmp_path / 'bag', {0: 'encoding', 5: 'short', 6: 'encoding'})
    summary = process(source, tmp_path / 'out', batch=4)
    assert summary.frames == FRAMES
    assert summary.failed == {'unknown_encoding': 2, 'undecodable': 1}
    assert list(masks(tmp_path / 'out')) == [s for i, s in enumerate(STAMPS) if i not in (0, 5, 6)]
    assert content(source).items() <= content(tmp_path / 'out').items()


def test_a_video(make_video, tmp_path):
    summary = process(make_video(), tmp_path / 'out', only_outputs=True)
    assert summary.frames == FRAMES == len(masks(tmp_path / 'out'))


def test_a_truncated_bag_is_processed_up_to_where_it_breaks(make_bag, tmp_path):
    source = make_bag(frames=1500)
    file = next(source.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
    summary = process(source, tmp_path / 'out')
    assert 0 < summary.frames < 1500 and summary.break_reason
    assert len(masks(tmp_path / 'out')) == summary.frames


@settings(max_examples=10, deadline=None)
@given(stops=st.lists(st.integers(0, FRAMES), max_size=3), batch=st.integers(1, 4),
       every=st.integers(1, 3), only=st.booleans(), lost=st.integers(0, 300),
       chunk=st.sampled_from([1, 3000, 1 << 20]))
def test_stopped_anywhere_it_goes_on(tmp_path_factory, stops, batch, every, only, lost, chunk):
    from instance_seg_ros.bags import writer
    from instance_seg_ros.offline import progress

    folder = tmp_path_factory.mktemp('resume')
    source = broken_bag(folder / 'bag', {3: 'short', 4: 'encoding'})
    how = {'batch': batch, 'every': every, 'only_outputs': only}
    progress.SAVE_EVERY_S, before = 0.0, progress.SAVE_EVERY_S
    writer.CHUNK_BYTES, chunk_bytes = chunk, writer.CHUNK_BYTES
    try:
        process(source, folder / 'first' / 'out', **how)
        for stop in stops:
            if (folder / 'out').exists():
                break
            try:
                process(source, folder / 'out', segmenter=MeanSegmenter(stop), **how)
            except KeyboardInterrupt:
                file = next((folder / 'out.part').glob('*.mcap'))
                with file.open('ab') as opened:  # what a process that was killed left half done
                    opened.write(b'\x05' * lost)
        if not (folder / 'out').exists():
            summary = process(source, folder / 'out', **how)
            assert summary.frames == -(-FRAMES // every)
    finally:
        progress.SAVE_EVERY_S, writer.CHUNK_BYTES = before, chunk_bytes
    whole = folder / 'first' / 'out'
    assert content(folder / 'out') == content(whole)
    assert (folder / 'out' / 'out_0.mcap').read_bytes() == (whole / 'out_0.mcap').read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == ['bag', 'first', 'out']


def test_only_the_same_job_is_continued(make_bag, tmp_path):
    source = make_bag()
    with pytest.raises(KeyboardInterrupt):
        process(source, tmp_path / 'out', segmenter=MeanSegmenter(5), job='a')
    segmenter = MeanSegmenter()
    summary = process(source, tmp_path / 'out', segmenter=segmenter, job='b')
    assert summary.resumed == 0 and sum(segmenter.batches) == FRAMES


def test_stopped_while_it_takes_up_what_was_done(make_bag, tmp_path, monkeypatch):
    source = make_bag()
    with pytest.raises(KeyboardInterrupt):
        process(source, tmp_path / 'out', segmenter=MeanSegmenter(5))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ResumableBag, '_copy', Mock(side_effect=KeyboardInterrupt))
        process(source, tmp_path / 'out')
    assert (tmp_path / 'out.part').exists()
    assert 0 < process(source, tmp_path / 'out').resumed <= 5


def test_a_rescued_recording_is_not_replaced(make_bag, tmp_path):
    source = make_bag()
    rescued = source.rename(tmp_path / 'out.part')
    before = content(rescued)
    with pytest.raises(UserError, match='out.part is left of a recording'):
        process(make_bag(), tmp_path / 'out')
    assert content(rescued) == before


def test_what_cannot_be_done(make_bag, tmp_path):
    source = make_bag()
    process(source, tmp_path / 'out')
    with pytest.raises(UserError, match='exists already'):
        process(source, tmp_path / 'out')
    with pytest.raises(UserError, match=f'(?s){MASKS}.*--only-outputs, or another --prefix'):
        process(tmp_path / 'out', tmp_path / 'again', wanted=[RAW])
    with pytest.raises(UserError, match='nothing is left'):
        process(source, tmp_path / 'later', part=Playback(start=100))
    with pytest.raises(UserError, match='--every and --batch'):
        process(source, tmp_path / 'later', batch=0)
    with pytest.raises(UserError, match='twice'):
        process(source, tmp_path / 'later', wanted=[RAW, RAW])
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag', 'out']


@pytest.mark.parametrize('topics, names', [
    (['/front/image_raw', '/rear/image_raw/compressed'], ['front', 'rear']),
    (['/a/left/image_rect', '/a/right/image_rect'], ['a_left', 'a_right']),
    (['/image_raw', '/other'], ['image_raw', 'other']),
    (['/c/image_raw', '/c/image_raw/compressed'], ['c_image_raw', 'c_image_raw_compressed'])])
def test_names_of_cameras(topics, names):
    assert camera_names(topics) == names


@pytest.mark.parametrize('call', [1, 3])
def test_a_chunk_that_cannot_be_compressed(make_bag, tmp_path, monkeypatch, call):
    """Its messages are lost to the library: nothing follows it, and the next run is complete."""
    from mcap.writer import zstandard

    from instance_seg_ros.bags import writer

    source, calls, compress = make_bag(), [], zstandard.compress

    def fail_once(data):
        calls.append(data)
        if len(calls) == call:
            raise zstandard.ZstdError('cannot compress: Allocation error : not enough memory')
        return compress(data)

    monkeypatch.setattr(writer, 'CHUNK_BYTES', 3000)
    process(source, tmp_path / 'whole' / 'out')
    with monkeypatch.context() as patch, pytest.raises(MemoryError, match='out'):
        patch.setattr(zstandard, 'compress', fail_once)
        process(source, tmp_path / 'out')
    assert not (tmp_path / 'out').exists() and len(calls) == call
    process(source, tmp_path / 'out')
    whole, resumed = (folder / 'out_0.mcap' for folder in (
        tmp_path / 'whole' / 'out', tmp_path / 'out'))
    assert whole.read_bytes() == resumed.read_bytes()
