# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clouds and transforms from a bag, and the positions that are written from them."""

import numpy as np
import pytest
from mean_segmenter import MeanSegmenter

from instance_seg_ros.bags import BagWriter, Topic, images, open_source
from instance_seg_ros.bags.definitions import typestore
from instance_seg_ros.node_config.parameters import CameraSettings
from instance_seg_ros.offline.camera_plan import CameraPlan
from instance_seg_ros.offline.process import BagProcessor, Options
from instance_seg_ros.offline.scan_feed import header_frame
from instance_seg_ros.perception.overlay import OverlayStyle

RAW, SECOND = '/camera/image_raw', 1_000_000_000
BEGIN = 100 * SECOND
OPTICAL = (-0.5, 0.5, -0.5, 0.5)        # from x forward, y left, z up
TYPES = {'image': (RAW, 'sensor_msgs/msg/Image'),
         'info': ('/camera/camera_info', 'sensor_msgs/msg/CameraInfo'),
         'cloud': ('/points', 'sensor_msgs/msg/PointCloud2'),
         'static': ('/tf_static', 'tf2_msgs/msg/TFMessage')}


def cdr(kind, **fields):
    from instance_seg_ros.offline.cdr import to_cdr
    return to_cdr(TYPES[kind][1], fields)


def cloud(stamp):
    """Return a wall 5 m in front of a lidar that looks along x."""
    y, z = (a.ravel() for a in np.meshgrid(np.linspace(-4, 4, 81), np.linspace(-3, 3, 61)))
    xyz = np.stack([np.full(len(y), 5.0), y, z], 1).astype('<f4')
    return cdr('cloud', header=images.header(stamp, 'lidar'), height=1, width=len(xyz), fields=[
        {'name': n, 'offset': 4 * k, 'datatype': 7, 'count': 1} for k, n in enumerate('xyz')],
        point_step=12, row_step=12 * len(xyz), data=xyz.view(np.uint8).reshape(-1))


def transform(parent, child, quaternion):
    return {'header': {'frame_id': parent}, 'child_frame_id': child, 'transform': {
        'rotation': dict(zip('xyzw', quaternion, strict=True))}}


@pytest.fixture
def bag(tmp_path):
    """Write three images, the middle one without a cloud."""
    topics = {kind: Topic.of(*names) for kind, names in TYPES.items()}
    with BagWriter(tmp_path / 'drive') as writer:
        writer.write(topics['static'], BEGIN, cdr('static', transforms=[
            transform('base_link', 'lidar', (0.0, 0.0, 0.0, 1.0)),
            transform('base_link', 'camera', OPTICAL)]))
        for k in range(3):
            stamp = BEGIN + k * SECOND
            if k != 1:
                writer.write(topics['cloud'], stamp, cloud(stamp - 20_000_000))
            writer.write(topics['info'], stamp, cdr(
                'info', width=64, height=48, k=np.array([40.0, 0, 32, 0, 40, 24, 0, 0, 1])))
            image = np.zeros((48, 64, 3), np.uint8)
            image[10:40, 20:44, 0] = 200
            writer.write(topics['image'], stamp, images.serialize_image(
                images.header(stamp, 'camera'), 'rgb8', image))
    return tmp_path / 'drive'


@pytest.mark.parametrize('target', ('', 'base_link'))
def test_positions_from_the_clouds_of_a_bag(bag, tmp_path, target, caplog):
    camera = CameraPlan.of('/instance_seg', '', RAW, CameraSettings(
        detections_3d='lidar', target_frame=target, markers=True), OverlayStyle())
    with open_source(bag) as source:
        BagProcessor([MeanSegmenter()], source, {RAW: camera}, Options()).run(tmp_path / 'out', {})
    with open_source(tmp_path / 'out') as out:
        read = {name: [images.deserialize(m.data, m.topic.type)
                       for m in out.messages([f'/instance_seg/{name}'])]
                for name in ('detections_3d', 'points')}
    counts = [len(m.detections) for m in read['detections_3d']]
    assert counts[0] == counts[2] >= 1 and counts[1] == 0
    box = read['detections_3d'][0].detections[0]
    depth = box.bbox.center.position.x if target else box.bbox.center.position.z
    assert box.header.frame_id == (target or 'camera') and 5 <= depth < 8
    assert [bool(m.width) for m in read['points']] == [True, False, True]
    assert 'stamps_apart 1' in caplog.text


def test_two_cameras_write_one_cloud(bag, tmp_path):
    settings = CameraSettings(detections_3d='lidar')
    with open_source(bag) as source, BagWriter(tmp_path / 'two') as writer:
        for message in source.messages():
            writer.write(*message_of(message))
            if message.topic.name in (RAW, TYPES['info'][0]):
                name = message.topic.name.replace('camera', 'rear', 1)
                writer.write(Topic.of(name, message.topic.type), message.stamp, message.data)
    rear = RAW.replace('camera', 'rear', 1)
    cameras = {topic: CameraPlan.of(f'/instance_seg/{name}', name, topic, settings,
                                    OverlayStyle())
               for name, topic in (('front', RAW), ('rear', rear))}
    with open_source(tmp_path / 'two') as source:
        BagProcessor([MeanSegmenter()], source, cameras, Options(only_outputs=True)).run(
            tmp_path / 'out', {})
    with open_source(tmp_path / 'out') as out:
        clouds = [images.deserialize(m.data, m.topic.type)
                  for m in out.messages(['/instance_seg/points'])]
    assert [c.header.frame_id for c in clouds] == ['lidar'] * 2
    assert all(c.width and c.fields[-1].name == 'camera' for c in clouds)


def message_of(message):
    return Topic.of(message.topic.name, message.topic.type), message.stamp, message.data


def test_frames_are_read_without_the_rest():
    data = cloud(BEGIN)
    assert header_frame(data) == 'lidar'
    assert header_frame(bytes(typestore().serialize_cdr(
        images.header(0, ''), 'std_msgs/msg/Header'))) == ''
