# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pipeline's thread against everything that can happen to a frame, without a graph."""

import logging
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip('rclpy')

from sensor_msgs.msg import Image  # noqa: E402

from instance_seg_ros.core.instances import InstanceMap  # noqa: E402
from instance_seg_ros.core.labels import LabelSet  # noqa: E402
from instance_seg_ros.node_config.parameters import CameraSettings  # noqa: E402
from instance_seg_ros.perception.frame_batcher import FrameBatcher  # noqa: E402
from instance_seg_ros.ros.camera_subscription import (  # noqa: E402
    CameraSubscription,
    IncomingFrame,
)
from instance_seg_ros.ros.pipeline import Pipeline  # noqa: E402

pytestmark = pytest.mark.ros
LABELS = LabelSet.named('cityscapes')
NOW_NS = 10**12


class Publishers:
    """Keeps what is published, or fails."""

    def __init__(self, order):
        self.order, self.published = order, []

    def publish(self, frame):
        if frame.header.frame_id == 'publish_fails':
            raise OSError('no way out')
        assert frame.image.shape == (*frame.result.class_mask.shape, 3)
        self.published.append(frame.header.frame_id)

    def publish_timings(self, stages_ms):
        assert min(stages_ms.values()) >= 0 and list(stages_ms)[-1] == 'total'


def segment(images):
    if any(image[0, 0, 0] == 66 for image in images):
        raise RuntimeError('CUDA error')
    return [InstanceMap(LABELS, np.full(image.shape[:2], 7, np.uint8),
                        np.zeros(image.shape[:2], np.uint16), timings_ms={'network': 1.0})
            for image in images]


def message(kind):
    image = Image(height=4, width=6, encoding='rgb8', step=18)
    image.data.frombytes(bytes([66 if kind == 'segmenter_fails' else 0]) * 72)
    image.header.stamp.sec = 1 if kind == 'old' else NOW_NS // 10**9
    image.header.frame_id = kind
    if kind == 'broken':
        image.step = 1
    return image


def test_a_segmenter_that_hangs_is_noticed_from_outside():
    """Frames arrive and none leave; once the call returns all is well again."""
    come_back, taken = threading.Event(), threading.Event()

    def hang(images):
        taken.set()
        come_back.wait()
        return segment(images)

    camera, batcher = CameraSubscription('a', CameraSettings(), lambda: NOW_NS), FrameBatcher(0.0)
    pipeline = Pipeline(hang, batcher, {'a': Publishers('a')}, lambda: NOW_NS, lambda error: None,
                        logging.getLogger('test'))
    pipeline.watchdog.limit_s = 0.
    pipeline.start()
    assert not pipeline.watchdog.stalled
    camera.ledger.receive()
    batcher.put('a', IncomingFrame(camera, message('good'), time.monotonic()))
    taken.wait()
    assert pipeline.watchdog.stalled and pipeline.watchdog.waiting_s > 0
    come_back.set()
    assert pipeline.stop() and not pipeline.watchdog.stalled


KINDS = ('good', 'good', 'good', 'broken', 'old', 'segmenter_fails', 'publish_fails')


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from('ab'), st.sampled_from(KINDS), st.booleans()),
                max_size=25))
def test_every_frame_is_accounted_for_whatever_happens(frames):
    cameras = {name: CameraSubscription(name, CameraSettings(max_age_ms=1000.0), lambda: NOW_NS)
               for name in 'ab'}
    batcher, faults, outputs = FrameBatcher(0.0), [], {name: Publishers(name) for name in 'ab'}
    pipeline = Pipeline(segment, batcher, outputs, lambda: NOW_NS, faults.append,
                        logging.getLogger('test'))
    pipeline.start()
    for name, kind, pause in frames:
        cameras[name]._batcher = batcher
        cameras[name]._on_message(message(kind))
        if pause:
            time.sleep(0.001)
        for camera in cameras.values():
            assert camera.ledger.counts().balanced
    assert pipeline.stop(10)
    for name, camera in cameras.items():
        counts = camera.ledger.counts()
        assert counts.balanced and counts.held == 0
        assert counts.received == sum(n == name for n, _, _ in frames)
        assert counts.published == outputs[name].published.count('good')
        assert counts.published == len(outputs[name].published)
    assert len(faults) <= 1
    kinds = {kind for _, kind, _ in frames}
    if faults:
        assert kinds & {'segmenter_fails', 'publish_fails'}


def test_stop_waits_for_the_frame_being_published_and_drops_the_others():
    entered, leave, events = threading.Event(), threading.Event(), []

    class SlowPublishers(Publishers):
        def publish(self, frame):
            entered.set()
            leave.wait(10)
            events.append('published')

    camera, batcher = CameraSubscription('', CameraSettings(), lambda: NOW_NS), FrameBatcher()
    pipeline = Pipeline(segment, batcher, {'': SlowPublishers('')}, lambda: NOW_NS, events.append,
                        logging.getLogger('test'))
    pipeline.start()
    camera._batcher = batcher
    camera._on_message(message('good'))
    assert entered.wait(10)
    camera._on_message(message('good'))
    stopper = threading.Thread(target=lambda: (pipeline.stop(10), events.append('stopped')))
    stopper.start()
    while pipeline._open:
        time.sleep(0.001)
    leave.set()
    stopper.join(10)
    assert events == ['published', 'stopped']
    counts = camera.ledger.counts()
    assert counts.published == 1 and counts.dropped['deactivated'] == 1 and counts.held == 0


def test_a_frame_is_accounted_for_once():
    camera = CameraSubscription('', CameraSettings(), lambda: NOW_NS)
    camera.ledger.receive()
    frame = IncomingFrame(camera, message('good'), 0.0)
    frame.drop('too_old')
    with pytest.raises(RuntimeError):
        frame.publish()
