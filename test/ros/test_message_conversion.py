# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields as messages of rclpy."""

import time

import numpy as np
import pytest

pytest.importorskip('rclpy')

from sensor_msgs.msg import Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from vision_msgs.msg import Detection2DArray  # noqa: E402

from instance_seg_ros.core.instances import InstanceMap  # noqa: E402
from instance_seg_ros.core.labels import LabelSet  # noqa: E402
from instance_seg_ros.messages.detections import detections_fields  # noqa: E402
from instance_seg_ros.messages.images import decode_image, image_fields  # noqa: E402
from instance_seg_ros.messages.outputs import LABEL_INFO  # noqa: E402
from instance_seg_ros.perception.frame_processor import FrameProcessor  # noqa: E402
from instance_seg_ros.ros.message_conversion import message_class, to_message  # noqa: E402

pytestmark = pytest.mark.ros
LABELS = LabelSet.named('cityscapes')
HEADER = Header(frame_id='front')
HEADER.stamp.sec = 7


def test_an_image_message_is_made_fast():
    array = np.zeros((1024, 2048, 3), np.uint8)
    to_message(Image, image_fields(array, HEADER))
    begin = time.process_time()
    to_message(Image, image_fields(array, HEADER))
    assert time.process_time() - begin < 0.1        # 2 ms; 300 ms and more when rclpy checks it


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


def test_defaults_are_those_of_the_constructor_and_not_shared():
    """Nested messages, arrays and lists of two messages are distinct objects."""
    one, other = to_message(Detection2DArray, {}), to_message(Detection2DArray, {})
    assert one == Detection2DArray()
    one.header.frame_id, one.detections = 'changed', [None]
    assert other == Detection2DArray()
    kind = message_class('vision_msgs/msg/ObjectHypothesisWithPose')
    one, other = to_message(kind, {}), to_message(kind, {})
    one.pose.covariance[3] = 1.0
    assert other == kind()
