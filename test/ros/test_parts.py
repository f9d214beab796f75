# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of the node which need no running node: inbox, stamps, messages, parameters."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('rclpy')

from sensor_msgs.msg import Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from vision_msgs.msg import Detection2DArray  # noqa: E402

from instance_seg_ros.core.errors import UserError  # noqa: E402
from instance_seg_ros.core.instances import InstanceMap  # noqa: E402
from instance_seg_ros.core.labels import LabelSet  # noqa: E402
from instance_seg_ros.messages.detections import detections_fields  # noqa: E402
from instance_seg_ros.messages.images import decode_image, image_fields  # noqa: E402
from instance_seg_ros.messages.outputs import LABEL_INFO  # noqa: E402
from instance_seg_ros.monitoring.frame_ledger import Ledger  # noqa: E402
from instance_seg_ros.monitoring.stamp_monitor import StampMonitor  # noqa: E402
from instance_seg_ros.node_config import parameter_table, parameters  # noqa: E402
from instance_seg_ros.node_config.parameter_rules import check_together, check_value  # noqa: E402
from instance_seg_ros.node_config.segmenter_factory import is_device_error  # noqa: E402
from instance_seg_ros.perception.frame_processor import FrameProcessor  # noqa: E402
from instance_seg_ros.ros.camera_subscription import Inbox, IncomingFrame  # noqa: E402
from instance_seg_ros.ros.message_conversion import message_class, to_message  # noqa: E402

pytestmark = pytest.mark.ros
LABELS = LabelSet.named('cityscapes')


def frame(name='', message=None):
    return IncomingFrame(SimpleNamespace(name=name, ledger=Ledger()), message, time.monotonic())


def names(frames):
    return sorted(f.camera.name for f in frames)


# Inbox

def test_the_latest_frame_wins_and_the_other_comes_back():
    inbox, first, second = Inbox(), frame(), frame()
    assert inbox.put('', first) is None
    assert inbox.put('', second) is first
    assert inbox.take() == [second]


@given(st.lists(st.sampled_from('abc'), max_size=30))
def test_no_frame_is_lost_in_the_inbox(cameras):
    inbox, sent, back = Inbox(batch_timeout_s=0.0), [], []
    for n, name in enumerate(cameras):
        sent.append(frame(name))
        old = inbox.put(name, sent[-1])
        back += [old] if old else []
        if n % 4 == 3:
            back += inbox.take()
    back += inbox.close()
    assert sorted(map(id, back)) == sorted(map(id, sent))
    late = frame('a')
    assert inbox.put('a', late) is late and inbox.take() is None


def test_a_batch_leaves_when_all_expected_cameras_are_there():
    inbox = Inbox(batch_timeout_s=30.0, expected=('a', 'b'))
    inbox.put('a', frame('a'))
    batch = []
    taker = threading.Thread(target=lambda: batch.extend(inbox.take()))
    taker.start()
    inbox.put('b', frame('b'))
    taker.join(10)
    assert names(batch) == ['a', 'b']


def test_a_silent_camera_delays_one_batch_only():
    inbox = Inbox(batch_timeout_s=0.1)
    for name in 'ab':
        inbox.put(name, frame(name))
    assert names(inbox.take()) == ['a', 'b']
    for least, most in ((0.08, 5.0), (0.0, 0.08)):
        begin = time.monotonic()
        inbox.put('a', frame('a'))
        assert names(inbox.take()) == ['a']
        assert least <= time.monotonic() - begin < most
    inbox.put('b', frame('b'))
    inbox.put('a', frame('a'))
    assert names(inbox.take()) == ['a', 'b']


def test_closing_wakes_who_waits():
    inbox, result = Inbox(), []
    taker = threading.Thread(target=lambda: result.append(inbox.take()))
    taker.start()
    assert inbox.close() == []
    taker.join(10)
    assert result == [None]


# Stamps

@given(st.lists(st.integers(0, 10**12), max_size=30))
def test_every_jump_back_is_noticed(stamps):
    monitor = StampMonitor(lambda: 10**12)
    for stamp in stamps:
        monitor.check(stamp)
    jumps = sum(b < a for a, b in zip(stamps, stamps[1:], strict=False))
    assert monitor.jumps_back == jumps
    problems = ' '.join(monitor.problems())
    assert ('back' in problems) == (jumps > 0) and ('zero' in problems) == (0 in stamps)


def test_the_future_is_noticed_and_problems_are_forgotten():
    now = [0.0]
    monitor = StampMonitor(lambda: 10**9, lambda: now[0])
    monitor.check(10**9 + 50_000_000)
    assert not monitor.problems()
    monitor.check(3 * 10**9)
    assert '2.000 s in the future' in monitor.problems()[0]
    now[0] = 60.0
    assert not monitor.problems()


def test_nothing_is_in_the_future_of_a_clock_that_stands():
    monitor = StampMonitor(lambda: 0)
    monitor.check(3 * 10**9)
    assert not monitor.problems()


# Messages

HEADER = Header(frame_id='front')
HEADER.stamp.sec = 7


def test_an_image_message_is_made_fast():
    array = np.zeros((1024, 2048, 3), np.uint8)
    to_message(Image, image_fields(array, HEADER))
    begin = time.perf_counter()
    to_message(Image, image_fields(array, HEADER))
    assert time.perf_counter() - begin < 0.1        # 2 ms; 300 ms and more when rclpy checks it


def test_images_come_back():
    array = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    assert np.array_equal(decode_image(to_message(Image, image_fields(array, HEADER))), array)


def test_detections_agree_with_the_mask():
    mask = np.zeros((10, 12), np.uint16)
    mask[2:5, 3:9] = 26001
    mask[7, 7] = 24000
    found = InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask, {26001: 0.5})
    processor = FrameProcessor()
    frame = processor.finish(processor.prepare(np.zeros((10, 12, 3), np.uint8)), found, HEADER)
    message = to_message(Detection2DArray, detections_fields(frame))
    assert message.header == HEADER and all(d.header == HEADER for d in message.detections)
    assert [d.id for d in message.detections] == ['24000', '26001']
    person, car = message.detections
    assert (car.results[0].hypothesis.class_id, car.results[0].hypothesis.score) == ('car', 0.5)
    center, size = car.bbox.center.position, (car.bbox.size_x, car.bbox.size_y)
    assert (center.x, center.y, *size) == (6.0, 3.5, 6.0, 3.0)
    assert (person.bbox.center.position.x, person.bbox.size_x) == (7.5, 1.0)


def test_label_info_names_all_ids():
    message = to_message(message_class(LABEL_INFO.type), LABEL_INFO.build(LABELS, 0.25, 7 * 10**9))
    assert message.header == Header(stamp=HEADER.stamp)
    assert {c.class_id: c.class_name for c in message.class_map}[26] == 'car'
    assert len(message.class_map) == 19 and message.threshold == 0.25


# Parameters

def settings(**changes):
    node = parameters.Settings(**changes)
    camera = parameters.CameraSettings(**{
        name: getattr(node, name) for name in parameters.CAMERA_FIELDS})
    return parameters.AllSettings(node, {name: camera for name in node.cameras or ('',)})


@pytest.mark.parametrize('wrong', (
    {'device': 'tpu'}, {'device': 'cuda:'}, {'input_size': (512,)}, {'input_size': (0, 64)},
    {'input_size': (-1, 64)}, {'input_size': (10000, 512)}, {'bandwidth': 1e-46},
    {'class_bandwidths': ('person=1e-320',)}, {'class_score_thresholds': ('car',)},
    {'class_score_thresholds': ('car=1.5',)}, {'class_score_thresholds': ('=0.5',)},
    {'class_min_areas': ('car=-1',)}, {'class_min_areas': ('car=nan',)},
    {'class_bandwidths': ('car=0',)}, {'class_bandwidths': ('car=11',)},
    {'cameras': ('front', 'front')}, {'cameras': ('front left',)}, {'cameras': ('device',)},
    {'cameras': ('1st',)}, {'roi': (0, 0, 10)}, {'roi': (-1, 0, 10, 10)},
    {'ego_mask': '1,2 3,4'}, {'ego_mask': '1,2 3,4 five,6'}, {'ego_mask': '1,2 3,4 5,6;'},
    {'overlay_items': ('sparkles',)}, {'markers': True}))
def test_a_wrong_value_is_refused_by_name(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        check_together(settings(**wrong))


def test_the_defaults_and_good_values_are_accepted():
    check_together(settings())
    for name, declared in parameters.NODE_FIELDS.items():
        check_value(name, declared.default)
    check_together(settings(
        cameras=('front', 'rear'), device='cuda:1', input_size=(1024, 512), roi=(0, 100, 0, 0),
        class_score_thresholds=('car=0.5', 'person=1'), ego_mask='0,700 1280,700 640,600; 1,1 2,2 '
        '3,1', class_min_areas=('traffic light=12',), class_bandwidths=('person=1.5',)))


@pytest.mark.parametrize('name, value', (
    ('rotation', 45), ('front.rotation', 45), ('transport', 'zip'), ('score_threshold', 1.01),
    ('score_threshold', float('nan')), ('max_rate_hz', -1.0), ('on_device_error', 'pray'),
    ('cuda_graphs', 'on')))
def test_a_value_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(UserError, match=name):
        check_value(name, value)


def test_every_parameter_is_described():
    for declared in parameters.NODE_FIELDS.values():
        assert declared.metadata['description'].endswith('.')
        assert parameters.type_name(declared)
    table = parameter_table.markdown_table()
    assert all(f'| `{name}`' in table for name in parameters.NODE_FIELDS)


# Errors

class OutOfMemoryError(RuntimeError):
    pass


@pytest.mark.parametrize('error, is_device', (
    (OutOfMemoryError(), True), (RuntimeError('CUDA error: unspecified launch failure'), True),
    (RuntimeError('cuDNN error: CUDNN_STATUS_EXECUTION_FAILED'), True),
    (RuntimeError('shape mismatch'), False), (ValueError('cuda'), False)))
def test_device_errors_are_told_from_others(error, is_device):
    assert is_device_error(error) is is_device
