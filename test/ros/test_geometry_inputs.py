# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The optional detections_3d, through the real node."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from vision_msgs.msg import Detection2DArray, Detection3DArray  # noqa: E402

from instance_seg_ros.node_config.parameters import CameraSettings  # noqa: E402
from instance_seg_ros.perception.depth_image import depth_in_metres  # noqa: E402
from instance_seg_ros.ros.geometry_inputs import GeometryInputs  # noqa: E402

pytestmark = pytest.mark.ros


def camera_info():
    info = CameraInfo(width=64, height=48)
    info.k = [50.0, 0.0, 32.0, 0.0, 50.0, 24.0, 0.0, 0.0, 1.0]
    return info


@pytest.mark.parametrize('method', ('ground', 'depth'))
def test_detections_3d_agree_with_the_detections(start_node, car, method):
    markers = pytest.importorskip('visualization_msgs.msg').MarkerArray
    start_node({'autostart': True, 'detections_3d': method, 'camera_height_m': 1.2,
                'markers': True, 'depth_topic': '/depth/image'}, '-r', 'image_raw:=/front/image')
    drawn = car.hear('markers', markers)
    flat, solid = car.hear('detections', Detection2DArray), car.hear('detections_3d',
                                                                     Detection3DArray)
    image = car.image(size=(64, 48), frame_id='front_optical')
    depth = Image(height=48, width=64, encoding='16UC1', step=128, header=image.header)
    depth.data.frombytes(np.full((48, 64), 2500, np.uint16).tobytes())
    car.publisher('/front/image')
    car.publisher('/front/camera_info', CameraInfo)
    if method == 'depth':
        car.publisher('/depth/image')

    def placed():
        """Send until all parts of a moment have come together."""
        car.send(camera_info(), topic='/front/camera_info')
        if method == 'depth':
            car.send(depth, topic='/depth/image')
        car.send_and_wait(image, topic='/front/image')
        return any(message.detections for message in solid)

    car.until(placed, every=0.1)
    message = next(m for m in solid if m.detections)
    assert message.header == image.header and all(d.header == image.header for d in
                                                  message.detections)
    assert [d.id for d in message.detections] == [d.id for d in flat[-1].detections]
    vehicle = message.detections[1]
    z = 2.5
    assert vehicle.results[0].hypothesis.class_id == 'car'
    center, size = vehicle.bbox.center.position, vehicle.bbox.size
    assert (center.x, center.y, center.z) == pytest.approx((-16 / 50 * z, 0.0, z))
    assert (size.x, size.y, size.z) == pytest.approx((32 / 50 * z, 48 / 50 * z, 0.0))
    car.until(lambda: any(len(array.markers) > 1 for array in drawn))
    clear, *shown = next(array.markers for array in drawn if len(array.markers) > 1)
    assert clear.action == clear.DELETEALL
    assert [m.id for m in shown if m.ns == 'boxes'] == [int(d.id) for d in message.detections]
    assert next(m for m in shown if m.id == 26000).pose.position == center
    assert {m.text.split()[0] for m in shown if m.ns == 'names'} == {'car', 'person'}


@pytest.mark.parametrize('encoding, dtype', (('32FC1', '<f4'), ('32FC1', '>f4'), ('16UC1', '<u2'),
                                             ('16UC1', '>u2')))
def test_depth_images_of_both_kinds(encoding, dtype):
    metres = np.array([[0.5, 1.25, 3.0], [0.0, 2.0, 65.0]])
    values = (metres * (1 if encoding == '32FC1' else 1000)).astype(dtype)
    padded = np.zeros((2, 20), np.uint8)
    padded[:, :values.itemsize * 3] = values.view(np.uint8)
    message = Image(height=2, width=3, step=20, encoding=encoding, is_bigendian=dtype[0] == '>')
    message.data.frombytes(padded.tobytes())
    assert depth_in_metres(message) == pytest.approx(metres)
    message.step = 1
    assert depth_in_metres(message) is None
    message.encoding = 'rgb8'
    assert depth_in_metres(message) is None


@pytest.mark.parametrize('arguments, expected', (
    ((), {'/depth'}),
    (('-p', 'cameras:=[front, left]'), {'/front/depth', '/left/depth'}),
    (('-p', 'cameras:=[front, left]', '-p', 'left.depth_topic:=/lidar'),
     {'/front/depth', '/lidar'}),
    (('-p', 'cameras:=[front, left]', '-p', 'depth_topic:=/lidar'), {'/lidar'})))
def test_each_camera_has_its_depth(make_node, arguments, expected):
    node = make_node('-p', 'detections_3d:=depth', *arguments)
    node.trigger_configure()
    node.trigger_activate()
    topics = {subscription.topic_name for subscription in node.subscriptions}
    assert {topic for topic in topics if 'depth' in topic or 'lidar' in topic} == expected
    assert len([topic for topic in topics if topic.endswith('camera_info')]) == len(
        node._runtime.cameras)


@pytest.mark.parametrize('frame, warned', (('front', 0), ('left', 1)))
def test_depth_in_another_frame_is_warned_about_once(frame, warned):
    warnings, geometry, header = [], GeometryInputs(), Header(frame_id='front')
    node = SimpleNamespace(create_subscription=lambda *_: None,
                           get_logger=lambda: SimpleNamespace(warning=warnings.append))
    settings = CameraSettings(detections_3d='depth')
    geometry.subscribe(node, '', '/image_raw', settings)
    geometry._on_depth(Image(header=Header(frame_id=frame)))
    for _ in range(3):
        geometry.at(header)
    assert len(warnings) == warned and all(
        "'left' differs from image frame_id 'front'" in w for w in warnings)
