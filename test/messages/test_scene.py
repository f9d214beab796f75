# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Points, free space, velocities and tracked objects of one synthetic street."""

from types import SimpleNamespace

import numpy as np
import pytest
from perception.lidar import scenes
from perception.lidar.scenes import Box

from instance_seg_ros.messages.detections import detections_3d_fields
from instance_seg_ros.messages.markers import markers_fields
from instance_seg_ros.messages.scene import (
    free_space_fields,
    points_fields,
    vehicle_points_fields,
)
from instance_seg_ros.messages.tracked_objects import tracked_objects_fields
from instance_seg_ros.perception.frame_processor import (
    CameraMount,
    FrameProcessor,
    Geometry,
    TargetFrame,
)
from instance_seg_ros.perception.lidar.labelled_points import labelled_points
from instance_seg_ros.perception.lidar.lidar_placer import LidarPlacer
from instance_seg_ros.perception.lidar.point_cloud import PointCloud, decode_point_cloud
from instance_seg_ros.perception.lidar.scan import Scan
from instance_seg_ros.perception.lidar.vehicle_cloud import VehicleCloudCollector
from instance_seg_ros.perception.motion import MotionFilter

CAR = Box('car', 12.0, 2.0, (4.2, 1.75, 1.55), 0.3)
BASE = TargetFrame('base_link', scenes.FROM_LEVEL.inverse())


def camera_info():
    p = scenes.PINHOLE
    return SimpleNamespace(
        width=scenes.WIDTH, height=scenes.HEIGHT, p=[0.0] * 12,
        k=[p.fx, 0, p.cx, 0, p.fy, p.cy, 0, 0, 1],
        roi=SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0))


def frame_of(box=CAR, processor=None, seconds=1.0, target=None, info=True, cloud=True):
    xyz = scenes.lidar([box], rings=48, columns=1500)
    scan = Scan(PointCloud(xyz, np.full(len(xyz), 7, np.float32)), scenes.FROM_LEVEL,
                SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id='lidar'))
    processor = processor or FrameProcessor(
        placer=LidarPlacer(scenes.CAMERA_HEIGHT), mount=CameraMount(scenes.CAMERA_HEIGHT))
    header = SimpleNamespace(stamp=SimpleNamespace(sec=int(seconds), nanosec=round(
        seconds % 1 * 1e9)), frame_id='front_camera_optical_frame')
    image = np.zeros((scenes.HEIGHT, scenes.WIDTH, 3), np.uint8)
    return processor.finish(
        processor.prepare(image), scenes.image([box]), header,
        lambda: Geometry(camera_info() if info else None, None, scan if cloud else None, target))


def test_detections_in_the_target_frame():
    fields = detections_3d_fields(frame_of(target=BASE))
    (detection,) = fields['detections']
    assert fields['header']['frame_id'] == detection['header']['frame_id'] == 'base_link'
    position, orientation = (detection['bbox']['center'][k] for k in ('position', 'orientation'))
    assert [position[k] for k in 'xyz'] == pytest.approx(CAR.center, abs=0.2)
    yaw = 2 * np.arctan2(orientation['z'], orientation['w'])
    assert (yaw - 0.3 + np.pi / 2) % np.pi - np.pi / 2 == pytest.approx(0, abs=0.05)
    assert [detection['bbox']['size'][k] for k in 'xyz'] == pytest.approx(CAR.size, abs=0.2)
    covariance = detection['results'][0]['pose']['covariance'].reshape(6, 6)
    assert np.array_equal(covariance, covariance.T) or np.allclose(covariance, covariance.T)
    assert (np.linalg.eigvalsh(covariance) > 0).all()


def test_points_carry_instance_class_and_colour():
    fields = points_fields(frame_of(target=BASE))
    message = SimpleNamespace(**{**fields, 'fields': [SimpleNamespace(**f)
                                                      for f in fields['fields']]})
    points = decode_point_cloud(message)
    assert fields['header']['frame_id'] == 'base_link' and len(points) == fields['width'] > 1000
    assert (points.intensity == 7).all()
    rows = fields['data'].reshape(fields['width'], -1)
    instance, label = rows[:, 20:22].copy().view('<u2')[:, 0], rows[:, 22]
    assert set(instance.tolist()) == {0, 26000}
    assert set(label[instance > 0].tolist()) == {26}
    assert len(set(rows[instance > 0, 16:20].copy().view('<u4')[:, 0].tolist())) == 1
    on_car = points.xyz[instance > 0]
    assert np.median(np.linalg.norm(on_car - CAR.center, axis=1)) < 2.5


def test_without_cloud_or_calibration_there_are_no_points():
    for missing in ({'info': False}, {'cloud': False}):
        fields = points_fields(frame_of(**missing))
        assert fields['width'] == 0 and fields['data'].nbytes == 0
        assert detections_3d_fields(frame_of(**missing))['detections'] == []


def test_free_space_ends_at_the_car():
    fields = free_space_fields(frame_of())
    assert fields['header']['frame_id'] == 'front_camera_frame'
    angles = fields['angle_min'] + fields['angle_increment'] * np.arange(len(fields['ranges']))
    assert angles[-1] == pytest.approx(fields['angle_max'])
    toward = np.abs(angles - np.arctan2(CAR.y, CAR.x)).argmin()
    assert fields['ranges'][toward] == pytest.approx(10.3, abs=0.7)
    assert not len(free_space_fields(frame_of(info=False))['ranges'])


def drive(speed, **options):
    """Return the last frame of a car that drives ahead."""
    processor = FrameProcessor(placer=LidarPlacer(scenes.CAMERA_HEIGHT), motion=MotionFilter())
    for k in range(8):
        moved = Box('car', 10.0 + 0.1 * k * speed, 2.0, (4.2, 1.75, 1.55))
        frame = frame_of(moved, processor, 1 + 0.1 * k, **options)
        assert len(frame.positions) == 1
    return frame


def test_a_moving_car_has_an_arrow_and_a_twist():
    frame = drive(10.0, target=BASE)
    arrows = [m for m in markers_fields(frame)['markers'] if m.get('ns') == 'velocities']
    start, end = (np.array([p[k] for k in 'xyz']) for p in arrows[0]['points'])
    assert end - start == pytest.approx([10, 0, 0], abs=1.5)
    (tracked,) = tracked_objects_fields(frame)['objects']
    linear = tracked['kinematics']['twist_with_covariance']['twist']['linear']
    assert linear['x'] == pytest.approx(10, abs=1.5) and not tracked['kinematics']['is_stationary']
    assert tracked['classification'] == [{'label': 1, 'probability': 1.0}]
    assert len(tracked['object_id']['uuid']) == 16


def test_a_parked_car_has_no_arrow():
    frame = drive(0.0)
    assert all(m.get('ns') != 'velocities' for m in markers_fields(frame)['markers'])
    (tracked,) = tracked_objects_fields(frame)['objects']
    assert tracked['kinematics']['is_stationary']


def shared_frame(stamp, left):
    """Return a frame of a camera that sees the car only in its left or right half."""
    frame = frame_of(info=True)
    frame.geometry.scan.header.stamp.sec = stamp
    x0, _, x1, _ = frame.result.instances[0].box
    half = np.s_[:, (x0 + x1) // 2:] if left else np.s_[:, :(x0 + x1) // 2]
    frame.result.instance_mask[half] = 0
    return frame


def test_cameras_of_a_vehicle_fill_one_cloud():
    collector = VehicleCloudCollector(['front', 'rear'])
    front, rear = shared_frame(1, True), shared_frame(1, False)
    assert collector.add('front', front) == []
    (cloud,) = collector.add('rear', rear)
    whole = labelled_points(frame_of().result, front.geometry.scan, front.pinhole)
    assert np.array_equal(cloud.points.index, np.sort(whole.index))
    assert np.array_equal(np.sort(cloud.points.instance), np.sort(whole.instance))
    on_car = cloud.points.instance > 0
    assert set(cloud.camera[~on_car].tolist()) == {0} and 1 in cloud.camera[on_car]
    assert collector.add('front', shared_frame(1, True)) == []      # each cloud once
    fields = vehicle_points_fields(cloud)
    assert fields['header'] is front.geometry.scan.header
    rows = fields['data'].reshape(-1, fields['point_step'])
    offsets = {field['name']: field['offset'] for field in fields['fields']}
    assert np.array_equal(rows[:, offsets['camera']], cloud.camera)
    xyz = rows[:, :12].copy().view('<f4')
    assert np.array_equal(xyz, front.geometry.scan.cloud.xyz[cloud.points.index])


def test_a_silent_camera_delays_a_cloud_until_the_next():
    collector = VehicleCloudCollector(['front', 'rear'])
    assert collector.add('front', shared_frame(5, True)) == []
    (cloud,) = collector.add('front', shared_frame(6, True))
    assert cloud.header.stamp.sec == 5 and set(cloud.camera.tolist()) == {0}
    assert collector.add('rear', shared_frame(5, False)) == []      # late
    assert collector.add('rear', frame_of(cloud=False)) == []
    (cloud,) = collector.add('rear', shared_frame(1, False))        # time has jumped back
    assert cloud.header.stamp.sec == 6
