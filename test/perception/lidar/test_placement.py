# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Boxes from a perfect lidar and perfect masks are the boxes that were scanned."""

import numpy as np
import pytest
from perception.lidar import scenes
from perception.lidar.scenes import FROM_LEVEL, PINHOLE, Box

from instance_seg_ros.perception.lidar.oriented_box import LidarCamera
from instance_seg_ros.perception.lidar.placement import place_with_lidar
from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform

CAMERA = LidarCamera(PINHOLE, scenes.CAMERA_HEIGHT)


def place(boxes, **scan):
    return place_with_lidar(scenes.image(boxes), scenes.lidar(boxes, **scan), FROM_LEVEL, CAMERA)


def level(placed):
    """Return centre and yaw modulo 180 degrees of a box in the level frame."""
    center = scenes.OPTICAL_FROM_LEVEL.T @ placed.center
    x, y, _ = scenes.OPTICAL_FROM_LEVEL.T @ placed.rotation[:, 0]
    return center, np.degrees(np.arctan2(y, x)) % 180


@pytest.mark.parametrize('yaw', (-160, -100, -70, -35, 15, 40, 65, 120))
def test_a_car_of_the_usual_size_is_found_where_it_is(yaw):
    car = Box('car', 12.0, 2.0, (4.2, 1.75, 1.55), np.radians(yaw))
    (placed,) = place([car]).boxes
    center, found = level(placed)
    assert center == pytest.approx(car.center, abs=0.2)
    assert placed.size == pytest.approx(car.size, abs=0.2)
    assert abs((found - yaw + 90) % 180 - 90) < 3
    assert placed.points > 50


def test_only_the_back_is_seen_and_the_rest_is_completed_away_from_the_camera():
    car = Box('car', 15.0, 0.0, (4.2, 1.75, 1.55))
    (placed,) = place([car]).boxes
    center, yaw = level(placed)
    assert center == pytest.approx(car.center, abs=0.15)
    assert min(yaw, 180 - yaw) < 3
    assert placed.nearest_m == pytest.approx(15 - 2.1, abs=0.1)
    # Along the length, which is not seen, the centre is far less certain than across it.
    along, across = placed.covariance[2, 2], placed.covariance[0, 0]
    assert along > 4 * across


def test_a_person_has_no_yaw():
    person = Box('person', 8.0, -1.0, (0.6, 0.6, 1.75))
    (placed,) = place([person]).boxes
    assert level(placed)[0] == pytest.approx(person.center, abs=0.15)
    assert placed.size[2] == pytest.approx(1.75, abs=0.15)
    assert placed.covariance[4, 4] > np.radians(90) ** 2     # about y, which points down


def test_the_wall_behind_does_not_count_though_the_mask_takes_it_in():
    """Every pixel of the mask grown by 4: at the edges the lidar sees the wall."""
    car, wall = Box('car', 10.0, 1.0, (4.2, 1.75, 1.55), 0.5), \
        Box('truck', 22.0, 0.0, (1.0, 30.0, 6.0))
    found = scenes.image([car])
    mask = found.instance_mask.copy()
    rows, columns = np.nonzero(mask)
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            mask[np.clip(rows + dy, 0, scenes.HEIGHT - 1), columns + dx] = mask.max()
    grown = type(found).from_masks(found.label_set, np.where(
        mask > 0, mask // 1000, found.class_mask).astype(np.uint8), mask)
    (placed,) = place_with_lidar(grown, scenes.lidar([car, wall]), FROM_LEVEL, CAMERA).boxes
    assert level(placed)[0] == pytest.approx(car.center, abs=0.25)


def test_with_noise_the_error_stays_within_three_deviations():
    car = Box('car', 14.0, -3.0, (4.5, 1.8, 1.5), np.radians(20))
    (placed,) = place([car], noise=0.02).boxes
    error = placed.center - scenes.OPTICAL_FROM_LEVEL @ car.center
    assert error @ np.linalg.solve(placed.covariance[:3, :3], error) < 3 * 9


def test_too_few_points_give_no_box_and_are_counted():
    boxes = [Box('car', 12.0, 2.0, (4.2, 1.75, 1.55)), Box('person', 60.0, -6.0, (0.6, 0.6, 1.7))]
    result = place(boxes, rings=24, columns=500)
    assert [box.instance.label for box in result.boxes] == ['car']
    assert result.too_few == 1


def test_nothing_to_place():
    assert place([]).boxes == ()
    empty = place_with_lidar(scenes.image([]), np.zeros((0, 3), np.float32), FROM_LEVEL, CAMERA)
    assert empty.boxes == () and empty.points_in_image == 0
    car = [Box('car', 12.0, 2.0, (4.2, 1.75, 1.55))]
    scan = scenes.lidar(car)
    behind = place_with_lidar(scenes.image(car), scan[scan[:, 0] < 0], FROM_LEVEL, CAMERA)
    assert behind.boxes == () and behind.too_few == 1


def test_extrinsics_move_points_and_leave_the_box():
    """The same scan, given in the frame of a sensor that is mounted elsewhere and turned."""
    car = Box('car', 12.0, 2.0, (4.2, 1.75, 1.55), 0.3)
    turn = RigidTransform.from_quaternion((1.5, -0.2, 0.4), (0.1, -0.2, 0.5, 0.8))
    scan = scenes.lidar([car])
    other = turn.inverse().apply(scan.astype(np.float64)).astype(np.float32)
    (one,) = place_with_lidar(scenes.image([car]), scan, FROM_LEVEL, CAMERA).boxes
    (two,) = place_with_lidar(scenes.image([car]), other, FROM_LEVEL @ turn, CAMERA).boxes
    assert two.center == pytest.approx(one.center, abs=0.02)
    assert two.size == pytest.approx(one.size, abs=0.02)


def test_a_box_keeps_its_shape_in_another_frame():
    car = Box('car', 12.0, 2.0, (4.2, 1.75, 1.55), 0.3)
    (placed,) = place([car]).boxes
    other = placed.transformed(FROM_LEVEL.inverse())
    assert other.center == pytest.approx(car.center, abs=0.2)
    assert other.rotation[:, 2] == pytest.approx([0, 0, 1], abs=0.02)
    assert np.linalg.eigvalsh(other.covariance) == pytest.approx(
        np.linalg.eigvalsh(placed.covariance))
    back = other.transformed(FROM_LEVEL)
    assert back.center == pytest.approx(placed.center)
    assert back.covariance == pytest.approx(placed.covariance)


def test_the_ground_is_found_below_a_camera_that_looks_down():
    """The plane comes from the points on the road, not from the parameters."""
    pitch = np.radians(4)
    cos, sin = np.cos(pitch), np.sin(pitch)
    down = RigidTransform(np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]), np.zeros(3))
    car = Box('car', 12.0, 2.0, (4.2, 1.75, 1.55), 0.3)
    found = scenes.image([car], turn=down.rotation)
    result = place_with_lidar(found, scenes.lidar([car]), down @ FROM_LEVEL,
                              LidarCamera(PINHOLE, 1.3))
    assert result.ground.height_m == pytest.approx(scenes.CAMERA_HEIGHT, abs=0.02)
    assert result.ground.up == pytest.approx([0, -cos, -sin], abs=0.01)
    assert result.ground.share == pytest.approx(1, abs=0.05)
    assert level(result.boxes[0].transformed(down.inverse()))[0] == pytest.approx(
        car.center, abs=0.2)
