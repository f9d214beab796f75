# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The messages made without ROS are those that the node makes with it, in every field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mean_segmenter import CITYSCAPES, normalized, segment

pytest.importorskip('rclpy')
pytest.importorskip('vision_msgs')

from builtin_interfaces.msg import Time  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from sensor_msgs.msg import CameraInfo  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from instance_seg_ros.bags import images  # noqa: E402
from instance_seg_ros.node_config.parameters import CameraSettings  # noqa: E402
from instance_seg_ros.offline.outputs import CameraTopics  # noqa: E402
from instance_seg_ros.offline.outputs_3d import GroundTopics  # noqa: E402
from instance_seg_ros.ros import messages  # noqa: E402
from instance_seg_ros.ros.detections_3d import Placement  # noqa: E402
from instance_seg_ros.ros.markers import to_markers  # noqa: E402

TOPICS = CameraTopics.under('/instance_seg', overlay=True)
GROUND = CameraSettings(detections_3d='ground', markers=True, camera_height_m=1.2,
                        camera_pitch_deg=2.0)
TOPICS_3D = GroundTopics.of('/instance_seg', '/front/image_raw/compressed', GROUND)


def same(ours: bytes, theirs) -> bool:
    kind = type(theirs).__module__.split('.')[0] + f'/msg/{type(theirs).__name__}'
    return ours == normalized(serialize_message(theirs), kind)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), height=st.integers(1, 9), width=st.integers(1, 9),
       stamp=st.integers(0, 2**31 * 10**9 - 1), frame=st.text('abc/_é', max_size=9))
def test_every_output(seed, height, width, stamp, frame):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = segment(image)
    theirs = Header(stamp=Time(sec=stamp // 10**9, nanosec=stamp % 10**9), frame_id=frame)
    ours = images.header(stamp, frame)
    serialized = {topic.name.rpartition('/')[2]: data
                  for topic, data in TOPICS.serialize(found, ours, lambda: image)}
    assert same(serialized['instance_mask'], messages.to_image(found.instance_mask, theirs))
    assert same(serialized['class_mask'], messages.to_image(found.class_mask, theirs))
    assert same(serialized['overlay'], messages.to_image(image, theirs))
    assert same(serialized['detections'], messages.to_detections(found, theirs))
    assert same(TOPICS.serialize_labels(CITYSCAPES, 0.25, ours),
                messages.to_label_info(CITYSCAPES, 0.25, theirs))


@pytest.mark.parametrize('with_info', [True, False])
def test_what_stands_on_the_ground(with_info):
    pytest.importorskip('visualization_msgs')
    assert TOPICS_3D.camera_info == '/front/camera_info'
    image = np.zeros((9, 7, 3), np.uint8)
    image[5:8, 2:5, 0], image[2:9, 5:, 2] = 200, 90
    found = segment(image)
    info = CameraInfo(width=14, height=18, k=[12.0, 0.0, 7.0, 0.0, 12.0, 2.0, 0.0, 0.0, 1.0])
    placement = Placement()
    if with_info:
        placement._on_info(info)
    theirs = Header(stamp=Time(sec=5), frame_id='front')
    placed = placement.to_message(found, theirs, GROUND)
    assert len(placed.detections) == (len(found.instances) if with_info else 0)
    data = serialize_message(info) if with_info else None
    (_, detections), (_, markers) = TOPICS_3D.serialize(
        found, images.header(5 * 10**9, 'front'), data)
    assert same(detections, placed)
    assert same(markers, to_markers(placed))


def test_types_are_the_installed_ones():
    from importlib import import_module

    import rclpy
    from rclpy.node import Node
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node('hashes', context=context)
    try:
        for topic in (*TOPICS, *TOPICS_3D):
            package, _, name = topic.type.split('/')
            node.create_publisher(getattr(import_module(f'{package}.msg'), name), topic.name, 1)
            info, = node.get_publishers_info_by_topic(topic.name)
            if hasattr(info, 'topic_type_hash'):
                assert str(info.topic_type_hash) == topic.type_hash
    finally:
        node.destroy_node()
        context.shutdown()
