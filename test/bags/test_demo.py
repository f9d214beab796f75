# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The demo from end to end: the real node, DDS between processes, what is left in the folder."""

import json
import os
import signal
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from bag_content import BEGIN, COMPRESSED, FRAMES, INFO, PERIOD, RAW, frame_pixels, raw_image
from rosbags.highlevel import AnyReader

from instance_seg_ros.bags import BagWriter, Topic, images, open_source
from instance_seg_ros.bags.run_report import LOST

pytest.importorskip('rclpy')
pytestmark = pytest.mark.ros

FAKE_DEMO = Path(__file__).with_name('fake_demo.py')
DEMO = ('-m', 'instance_seg_ros.cli', 'demo')
LEFT_BEHIND = ['contact_sheet.png', 'node.log', 'overlay.mp4', 'recording', 'report.json']
TYPES = {
    'instance_mask': 'sensor_msgs/msg/Image', 'class_mask': 'sensor_msgs/msg/Image',
    'overlay': 'sensor_msgs/msg/Image', 'detections': 'vision_msgs/msg/Detection2DArray',
    'label_info': 'vision_msgs/msg/LabelInfo', 'debug/total_ms': 'std_msgs/msg/Float32'}


def nodes_of(folder):
    """Return the processes which hold a node's log in ``folder`` open."""
    def holds_log(process):
        try:
            files = [os.readlink(link) for link in process.glob('fd/*')]
        except OSError:  # it has just ended
            return False
        return any(f.startswith(str(folder)) and f.endswith('node.log') for f in files)

    return [p.name for p in Path('/proc').iterdir() if p.name.isdigit() and holds_log(p)]


def run_fake(start_python, source, output, *more):
    child = start_python(FAKE_DEMO, source, output, *more)
    text, _ = child.communicate(timeout=90)
    assert child.returncode == 0, text
    outcome = json.loads(text.strip().splitlines()[-1])
    assert outcome['violation'] == '', text
    return outcome['report'], text


@pytest.mark.parametrize('topic', [RAW, COMPRESSED])
def test_a_bag(make_bag, tmp_path, start_python, topic):
    output = tmp_path / 'output'
    report, text = run_fake(start_python, make_bag(topics=(topic, INFO)), output)
    frames = report['frames']
    assert frames == {'in': FRAMES, 'out': FRAMES, 'dropped': {}, 'recorded': FRAMES,
                      'failed': frames['failed']}
    assert sum(frames['failed'].values()) == 0
    assert report['instances'] == {'car': FRAMES, 'person': FRAMES}
    assert {'wait', 'decode', 'network', 'total'} <= set(report['stages_ms'])
    assert len(report['camera_to_mask_ms']) == 3 and min(report['camera_to_mask_ms']) > 0
    assert 'camera to mask' in text and 'p99' in text
    assert sorted(p.name for p in output.iterdir()) == LEFT_BEHIND
    assert json.loads((output / 'report.json').read_text()) == report
    assert not (tmp_path / 'output.part').exists()
    look_at_recording(output / 'recording')
    look_at_images(output)


def look_at_recording(path):
    with AnyReader([path]) as reader:  # compares definitions and hashes
        topics = {t: info.msgtype for t, info in reader.topics.items()}
        for name, kind in TYPES.items():
            assert topics[f'/instance_seg/{name}'] == kind
        assert topics['/diagnostics'] == 'diagnostic_msgs/msg/DiagnosticArray'
    stamps = [BEGIN + i * PERIOD for i in range(FRAMES)]
    with open_source(path) as bag:
        for name in ('instance_mask', 'class_mask', 'detections', 'overlay'):
            messages = list(bag.messages([f'/instance_seg/{name}']))
            assert [images.header_stamp(m.data) for m in messages] == stamps
        info, = bag.messages(['/instance_seg/label_info'])
        assert info.topic.qos[0].durability.name == 'TRANSIENT_LOCAL'


def look_at_images(output):
    sheet = cv2.imread(str(output / 'contact_sheet.png'))
    assert sheet.shape == (4 * 480, 3 * 640, 3)
    with av.open(str(output / 'overlay.mp4')) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, stream.pix_fmt) == (32, 24, 'yuv420p')
        times = [frame.time for frame in film.decode(stream)]
    assert times == pytest.approx([i * PERIOD / 1e9 for i in range(FRAMES)], abs=1e-3)


def test_a_video_twice_into_the_same_folder(make_video, tmp_path, start_python):
    for _ in range(2):
        report, _ = run_fake(start_python, make_video(), tmp_path / 'output', '2')
        assert report['frames']['in'] == FRAMES
        assert report['frames']['recorded'] == report['frames']['out'] > 0


def test_frames_that_cannot_be_processed_are_counted(tmp_path, start_python):
    bag = tmp_path / 'bag'
    topic = Topic.of(RAW, 'sensor_msgs/msg/Image')
    with BagWriter(bag) as writer:
        for index in range(FRAMES):
            stamp = BEGIN + index * PERIOD
            data = raw_image(index)
            if index % 3 == 0:
                pixels = np.zeros((24, 32, 3), np.uint8)
                data = images.serialize_image(images.header(stamp, 'camera'), 'nonsense', pixels)
            if index % 3 == 1:
                pixels = np.full((24, 32, 3), 201, np.uint8)  # 'slow' to the fake segmenter
                data = images.serialize_image(images.header(stamp, 'camera'), 'rgb8', pixels)
            writer.write(topic, stamp, data)
    report, text = run_fake(start_python, bag, tmp_path / 'output', '3')
    frames = report['frames']
    failed, dropped = sum(frames['failed'].values()), sum(frames['dropped'].values())
    assert frames['out'] + failed + dropped == frames['in'] == FRAMES
    assert failed > 0 and dropped > 0, text
    assert set(frames['dropped']) <= {'superseded', LOST}


@pytest.mark.parametrize('stamp_of', [
    lambda k: 0, lambda k: 0 if k == 0 else BEGIN + k * PERIOD], ids=['all zero', 'first zero'])
def test_stamps_that_are_of_no_use(tmp_path, start_python, stamp_of):
    """Every image is counted, and the film shows the replay's times."""
    with BagWriter(tmp_path / 'bag') as writer:
        for k in range(FRAMES):
            header = images.header(stamp_of(k), 'camera')
            writer.write(Topic.of(RAW, 'sensor_msgs/msg/Image'), BEGIN + k * PERIOD,
                         images.serialize_image(header, 'rgb8', frame_pixels(k)))
    report, text = run_fake(start_python, tmp_path / 'bag', tmp_path / 'output', '0.5')
    assert report['frames']['in'] == FRAMES and report['frames']['recorded'] > 0
    assert ('share the stamp' in text) == (report['camera_to_mask_ms'] is None) == (
        stamp_of(1) == 0)
    with av.open(str(tmp_path / 'output' / 'overlay.mp4')) as film:
        *_, last = film.decode(video=0)
    assert PERIOD < last.time * 1e9 < 3600e9


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing_behind(make_bag, tmp_path, start_python, number):
    bag = make_bag(frames=600)
    output = tmp_path / 'output'
    child = start_python(FAKE_DEMO, bag, output)
    while 'Playing' not in (line := child.stdout.readline()):
        assert line, 'it ended'
    assert nodes_of(tmp_path)
    child.send_signal(number)
    text, _ = child.communicate(timeout=30)
    assert child.returncode == 130, text
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag']
    assert not nodes_of(tmp_path)


@pytest.mark.parametrize('arguments, said', [
    (['nowhere'], 'There is no bag or video'),
    (['BAG', '--image-topic', '/nope'], f'no image topic /nope; there are: {RAW}'),
    (['BAG'], 'several image topics'),
    (['BAG', '--image-topic', RAW, '--output', 'TAKEN'], 'is not the output of a demo'),
])
def test_bad_input_is_one_sentence(make_bag, tmp_path, start_python, arguments, said):
    (tmp_path / 'taken').mkdir()
    replacements = {'BAG': make_bag(topics=(RAW, COMPRESSED)), 'TAKEN': tmp_path / 'taken'}
    arguments = [replacements.get(a, a) for a in arguments]
    if '--output' not in arguments:
        arguments += ['--output', tmp_path / 'output']
    child = start_python(*DEMO, *arguments)
    text, _ = child.communicate(timeout=60)
    assert child.returncode == 2 and said in text and 'Traceback' not in text
    assert len(text.strip().splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag', 'taken']


def test_a_checkpoint_that_is_not_there(make_bag, tmp_path, start_python):
    child = start_python(*DEMO, make_bag(), '--output', tmp_path / 'output',
                         '--param', 'checkpoint:=/nowhere.safetensors')
    text, _ = child.communicate(timeout=90)
    assert child.returncode == 2, text
    assert 'did not configure' in text and '/nowhere.safetensors' in text
    assert 'Traceback' not in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag']
