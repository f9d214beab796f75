# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parameter detections_3d "lidar" through the real node, and its transforms."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import TransformStamped  # noqa: E402
from sensor_msgs.msg import CameraInfo, LaserScan, PointCloud2, PointField  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from vision_msgs.msg import Detection2DArray, Detection3DArray  # noqa: E402

from instance_seg_ros.node_config.parameters import CameraSettings  # noqa: E402
from instance_seg_ros.perception.image_region import ImageRegion  # noqa: E402
from instance_seg_ros.perception.lidar.scan_source import MissingTransform  # noqa: E402
from instance_seg_ros.perception.overlay import OverlayStyle  # noqa: E402
from instance_seg_ros.ros import transforms  # noqa: E402
from instance_seg_ros.ros.camera_subscription import CameraSubscription  # noqa: E402
from instance_seg_ros.ros.diagnostics import position_counts  # noqa: E402

pytestmark = pytest.mark.ros
OPTICAL = [0.0, 0.0, 0.0, 0.5, -0.5, 0.5, 0.5]     # of a lidar that looks along x


def camera_info():
    info = CameraInfo(width=64, height=48)
    info.k = [50.0, 0.0, 32.0, 0.0, 50.0, 24.0, 0.0, 0.0, 1.0]
    return info


def wall(header, distance=6.0):
    """Return a cloud of a wall in front of a lidar that looks along x."""
    y, z = (a.ravel() for a in np.meshgrid(np.linspace(-5, 5, 101), np.linspace(-4, 4, 81)))
    xyz = np.stack([np.full(len(y), distance), y, z], 1).astype('<f4')
    cloud = PointCloud2(
        header=Header(stamp=header.stamp, frame_id='lidar'), height=1, width=len(xyz),
        point_step=12, row_step=12 * len(xyz), fields=[
            PointField(name=n, offset=4 * k, datatype=7, count=1) for k, n in enumerate('xyz')])
    cloud.data.frombytes(xyz.tobytes())
    return cloud


def test_positions_points_and_free_space(start_node, car):
    start_node({'autostart': True, 'detections_3d': 'lidar', 'lidar_extrinsics': OPTICAL,
                'cloud_topic': '/lidar/points', 'free_space': True}, '-r',
               'image_raw:=/front/image')
    flat, solid = car.hear('detections', Detection2DArray), car.hear('detections_3d',
                                                                     Detection3DArray)
    points, free = car.hear('points', PointCloud2), car.hear('free_space', LaserScan)
    image = car.image(size=(64, 48), frame_id='front_optical')
    car.publisher('/front/image')
    car.publisher('/front/camera_info', CameraInfo)
    car.publisher('/lidar/points', PointCloud2)

    def missing():
        car.send_and_wait(image, topic='/front/image')
        return any(name.startswith('positions/no_') for name in car.values())

    car.until(missing, every=0.1)       # the 2D outputs come without the lidar
    assert flat and not any(message.detections for message in solid)

    def placed():
        car.send(camera_info(), topic='/front/camera_info')
        car.send(wall(image.header), topic='/lidar/points')
        car.send_and_wait(image, topic='/front/image')
        return any(message.detections for message in solid)

    car.until(placed, every=0.1)
    message = next(m for m in solid if m.detections)
    assert message.header == image.header
    assert {d.id for d in message.detections} <= {d.id for d in flat[-1].detections}
    box = message.detections[0]
    assert 5.9 < box.bbox.center.position.z < 10
    assert box.results[0].pose.covariance[14] > 0
    car.until(lambda: any(m.width for m in points) and any(len(m.ranges) for m in free))
    cloud = next(m for m in points if m.width)
    assert [f.name for f in cloud.fields] == ['x', 'y', 'z', 'intensity', 'rgb', 'instance',
                                              'label']
    assert next(m for m in free if len(m.ranges)).header.frame_id == 'front'


def test_two_cameras_share_one_cloud(start_node, car):
    start_node({'autostart': True, 'cameras': ['front', 'rear'], 'detections_3d': 'lidar',
                'lidar_extrinsics': OPTICAL, 'cloud_topic': '/lidar/points'})
    points, own = car.hear('points', PointCloud2), car.hear('rear/points', PointCloud2)
    images = {name: car.image(size=(64, 48), frame_id=name) for name in ('front', 'rear')}
    images['rear'].header.stamp = images['front'].header.stamp
    for name in images:
        car.publisher(f'/{name}/image_raw')
        car.publisher(f'/{name}/camera_info', CameraInfo)
    car.publisher('/lidar/points', PointCloud2)

    def shared():
        car.send(wall(images['front'].header), topic='/lidar/points')
        for name, image in images.items():
            car.send(camera_info(), topic=f'/{name}/camera_info')
            car.send(image, topic=f'/{name}/image_raw')
        return points and any(message.width for message in own)

    car.until(shared, every=0.2)
    assert points[0].header.frame_id == 'lidar' and points[0].width
    assert points[0].fields[-1].name == 'camera'


def test_counts_survive_a_change_of_parameters():
    settings = CameraSettings(detections_3d='lidar')
    camera = CameraSubscription('', settings, lambda: 0)
    camera.update(settings, ImageRegion(), OverlayStyle())
    placer = camera.processor.placer
    placer.counts['too_few_points'] += 3
    camera.geometry.scans.miss('no_cloud')
    camera.update(replace(settings, cloud_tolerance_s=0.2), ImageRegion(), OverlayStyle())
    assert camera.processor.placer is placer        # and with it what it knows of the alignment
    camera.update(replace(settings, min_points=9), ImageRegion(), OverlayStyle())
    assert camera.processor.placer.min_points == 9
    camera.processor.placer.counts['too_few_points'] += 1
    assert position_counts(camera) == {'too_few_points': 4, 'no_cloud': 1}


class FakeBuffer:
    """Answers as tf2 does."""

    def __init__(self, node=None):
        self.calls = []

    def can_transform(self, target, source, time):
        return source == 'odom'

    def lookup_transform_full(self, *arguments):
        self.calls.append(('full', *arguments))
        return self._answer()

    def lookup_transform(self, target, source, time):
        self.calls.append(('at', target, source, time))
        if source == 'radar':
            raise FakeError('radar does not exist')
        return self._answer()

    def _answer(self):
        answer = TransformStamped()
        answer.transform.translation.x = 1.5
        return answer


class FakeError(Exception):
    pass


@pytest.fixture
def tf(monkeypatch):
    monkeypatch.setattr(transforms, 'tf2_ros', SimpleNamespace(
        Buffer=FakeBuffer, TransformException=FakeError,
        TransformListener=lambda *_, **__: SimpleNamespace(unregister=lambda: None)))
    return transforms.Transforms(None)


def test_transforms_from_tf(tf):
    image, cloud = Time(sec=2), Time(sec=1)
    found = tf.between('camera', image, 'lidar', cloud, 'odom')
    assert found.translation.tolist() == [1.5, 0, 0]
    kind, target, at, source, since, fixed = tf._buffer.calls[0]
    assert (kind, target, source, fixed) == ('full', 'camera', 'lidar', 'odom')
    assert (at.nanoseconds, since.nanoseconds) == (2 * 10**9, 10**9)
    tf.between('camera', image, 'lidar', cloud, 'map')      # not in TF: not compensated
    assert tf._buffer.calls[1][0] == 'at'
    with pytest.raises(MissingTransform, match='radar does not exist'):
        tf.between('camera', image, 'radar', cloud)
    tf.close()


def test_without_tf2_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(transforms, 'tf2_ros', None)
    without = transforms.Transforms(None)
    assert without.between('a', Time(), 'a', Time()).translation.tolist() == [0, 0, 0]
    with pytest.raises(MissingTransform, match='lidar_extrinsics'):
        without.between('camera', Time(), 'lidar', Time())
    without.close()
