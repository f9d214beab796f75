# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every output topic: CDR made without ROS is what rclpy serializes, in every field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mean_segmenter import CITYSCAPES, normalized, segment

pytest.importorskip('rclpy')
pytest.importorskip('vision_msgs')

from builtin_interfaces.msg import Time  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from instance_seg_ros.bags import images  # noqa: E402
from instance_seg_ros.messages.images import image_fields  # noqa: E402
from instance_seg_ros.messages.outputs import LABEL_INFO, OUTPUTS, stage_output  # noqa: E402
from instance_seg_ros.node_config.parameters import CameraSettings  # noqa: E402
from instance_seg_ros.offline.cdr import to_cdr  # noqa: E402
from instance_seg_ros.offline.outputs import CameraOutputs  # noqa: E402
from instance_seg_ros.perception.frame_processor import FrameProcessor, Geometry  # noqa: E402
from instance_seg_ros.perception.positions import Placer  # noqa: E402
from instance_seg_ros.ros.message_conversion import message_class, to_message  # noqa: E402

EVERYTHING = CameraOutputs(
    settings=CameraSettings(detections_3d='lidar', markers=True, free_space=True),
    requested=[output.name for output in OUTPUTS])
INSTALLED = [output for output in OUTPUTS if output.name != 'tracked_objects']
PLACER = Placer('ground', 1.2, 2.0)


def live(output, *inputs) -> bytes:
    """Return what the node publishes, with zeros between its fields."""
    message = to_message(message_class(output.type), output.build(*inputs))
    return normalized(serialize_message(message), output.type)


def processed(image, header, info, depth=None, placer=PLACER):
    """Return a frame as the chain of one camera makes it."""
    processor = FrameProcessor(placer=placer)
    return processor.finish(processor.prepare(image), segment(image), header,
                            lambda: Geometry(info, depth))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), height=st.integers(1, 9), width=st.integers(1, 9),
       stamp=st.integers(0, 2**31 * 10**9 - 1), frame=st.text('abc/_é', max_size=9),
       method=st.sampled_from(('ground', 'depth')), with_info=st.booleans())
def test_every_output(seed, height, width, stamp, frame, method, with_info):
    pytest.importorskip('visualization_msgs')
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    depth = image[..., 1] / 8
    info = CameraInfo(width=width, height=height, k=[9.0, 0, 3, 0, 9, 2, 0, 0, 1]) \
        if with_info else None
    placer = Placer(method, 1.2, 2.0)
    theirs = processed(image, Header(stamp=Time(sec=stamp // 10**9, nanosec=stamp % 10**9),
                                     frame_id=frame), info, depth, placer)
    ours = processed(image, images.header(stamp, frame), info, depth, placer)
    serialized = EVERYTHING.serialize(ours)
    assert [topic.name.rpartition('/')[2] for topic, _ in serialized] == [
        output.name for output in INSTALLED]
    for output, (topic, data) in zip(INSTALLED, serialized, strict=True):
        assert topic.type == output.type and data == live(output, theirs), output.name
    labels = CITYSCAPES, 0.25, stamp
    assert EVERYTHING.serialize_labels(*labels) == live(LABEL_INFO, *labels)
    time = stage_output('network')
    assert to_cdr(time.type, time.build(seed / 7)) == live(time, seed / 7)


@pytest.mark.parametrize('with_info', [True, False])
def test_positions_on_the_ground(with_info):
    image = np.zeros((9, 7, 3), np.uint8)
    image[5:8, 2:5, 0], image[2:9, 5:, 2] = 200, 90
    info = CameraInfo(width=14, height=18, k=[12.0, 0.0, 7.0, 0.0, 12.0, 2.0, 0.0, 0.0, 1.0])
    frame = processed(image, Header(frame_id='front'), info if with_info else None)
    topics = {output.name: output.build(frame) for output in INSTALLED}
    ids = [d['id'] for d in topics['detections']['detections']]
    placed = ids if with_info else []
    assert ids and [d['id'] for d in topics['detections_3d']['detections']] == placed
    clear, *shown = topics['markers']['markers']
    assert clear['action'] == 3 and [str(m['id']) for m in shown] == [
        i for i in placed for _ in ('box', 'name')]


@pytest.mark.parametrize('type_name', [
    'geometry_msgs/msg/PoseWithCovariance', 'visualization_msgs/msg/Marker',
    'sensor_msgs/msg/PointCloud2', 'nav_msgs/msg/OccupancyGrid', 'sensor_msgs/msg/CameraInfo'])
def test_defaults_are_those_of_ros(type_name):
    kind = message_class(type_name)
    if kind is None:
        pytest.skip(f'{type_name} is not installed')
    assert to_cdr(type_name, {}) == normalized(serialize_message(kind()), type_name)


@pytest.mark.parametrize('dtype, shape, encoding', (
    (np.uint16, (3, 5), '16UC1'), (np.uint8, (3, 5), 'mono8'), (np.uint8, (3, 5, 3), 'rgb8')))
def test_images_of_all_encodings(dtype, shape, encoding):
    """Also of an array whose rows are not next to each other."""
    array = np.arange(np.prod(shape) * 2).astype(dtype).reshape(*shape[:-1], -1)[..., :shape[-1]]
    fields = image_fields(array, Header(frame_id='front'))
    message = to_message(Image, fields)
    assert message.encoding == encoding and message.header.frame_id == 'front'
    assert (message.height, message.width) == shape[:2]
    assert message.step * message.height == len(message.data) == array.nbytes
    assert np.array_equal(np.frombuffer(message.data, dtype).reshape(shape), array)
    ours = to_cdr('sensor_msgs/msg/Image', image_fields(array, images.header(0, 'front')))
    assert ours == normalized(serialize_message(message), 'sensor_msgs/msg/Image')


def test_types_are_the_installed_ones():
    import rclpy
    from rclpy.node import Node
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node('hashes', context=context)
    try:
        for topic in EVERYTHING:
            node.create_publisher(message_class(topic.type), topic.name, 1)
            info, = node.get_publishers_info_by_topic(topic.name)
            if hasattr(info, 'topic_type_hash'):
                assert str(info.topic_type_hash) == topic.type_hash
    finally:
        node.destroy_node()
        context.shutdown()
