# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The whole chain from one cloud and one image's masks to boxes in metres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ...core.instances import Instance, InstanceMap
from .alignment import votes_of
from .foreground import ObjectPoints, in_foreground, points_in_masks
from .ground_plane import GroundPlane, fit_ground, nominal_plane
from .level_boxes import LevelBoxes, fit_boxes
from .oriented_box import LidarCamera, OrientedBox
from .projection import project
from .rigid_transform import RigidTransform
from .usual_sizes import SizeTable

MIN_POINTS = 5
_ABOVE_GROUND_M = 0.15
"""Points below this belong to the road under an object."""
_MARGIN_SHARE = 1 / 600
"""Masks are eroded by this share of the image's width."""
_TILT_RAD = np.radians(3)
"""Deviation of roll and pitch: objects are taken to stand upright on the ground."""


@dataclass(frozen=True)
class LidarPlacement:
    """What a lidar says about the instances of one image, in the camera's optical frame.

    Attributes:
        boxes: of the instances with enough points.
        too_few: how many instances had too few points.
        points_in_image: number of points of the cloud in the image.
        votes: of the instances whose place can be checked, whether the cloud fits the image there.
        ground: the plane below.
    """

    boxes: tuple[OrientedBox, ...] = ()
    too_few: int = 0
    points_in_image: int = 0
    votes: tuple[bool, ...] = ()
    ground: GroundPlane = field(default_factory=lambda: nominal_plane(1.5, 0.0))


def place_with_lidar(found: InstanceMap, xyz: np.ndarray, camera_from_cloud: RigidTransform,
                     camera: LidarCamera, min_points: int = MIN_POINTS) -> LidarPlacement:
    """Measure the instances of an image with the points of a lidar.

    Args:
        found: the instances.
        xyz: float32 (N, 3), metres, in the cloud's frame.
        camera_from_cloud: to the camera's optical frame, from the time of the cloud to that of
            the image.
        camera: of this image.
        min_points: an object with fewer points in its foreground gets no box.

    Returns:
        The boxes in the camera's optical frame, and counts.
    """
    points = project(xyz, camera_from_cloud, camera.pinhole, (found.width, found.height))
    nominal = nominal_plane(camera.height_m, camera.pitch_rad)
    ground = fit_ground(points, found.class_mask, found.label_set, nominal)
    count = len(found.instances)
    if not count or not len(points):
        return LidarPlacement((), count, len(points), ground=ground)
    margin = max(1, round(found.width * _MARGIN_SHARE))
    inside = points_in_masks(found, points, margin)
    level = points.xyz[inside.point] @ ground.level_from_camera.T.astype(np.float32)
    keep = in_foreground(level[:, 0], inside.owner, count)
    keep &= (level[:, 2] > _ABOVE_GROUND_M - ground.height_m) | (ground.share is None)
    on_object = inside.chosen(keep)
    enough = on_object.counts(count) >= min_points
    boxes = _boxes(found, on_object, level[keep], enough, ground)
    votes = votes_of(boxes, points, found, camera, nominal)
    return LidarPlacement(boxes, int(count - enough.sum()), len(points), votes, ground)


def _boxes(found: InstanceMap, on_object: ObjectPoints, level: np.ndarray, enough: np.ndarray,
           ground: GroundPlane) -> tuple[OrientedBox, ...]:
    """Return the boxes of the instances with enough points, in the camera's optical frame."""
    keep = enough[on_object.owner]
    owner = (np.cumsum(enough) - 1)[on_object.owner[keep]]
    instances = [i for i, e in zip(found.instances, enough, strict=True) if e]
    if not instances:
        return ()
    cut = np.array([i.box[0] == 0 or i.box[2] == found.width for i in instances])
    xyz = level[keep].astype(np.float64)
    boxes = fit_boxes(xyz, owner, SizeTable.of(i.label for i in instances), -ground.height_m, cut)
    nearest = np.full(len(instances), np.inf)
    np.minimum.at(nearest, owner, np.hypot(xyz[:, 0], xyz[:, 1]))
    return tuple(_oriented(boxes, instances, np.bincount(owner), nearest,
                           ground.level_from_camera.T))


def _oriented(boxes: LevelBoxes, instances: list[Instance], points: np.ndarray,
              nearest: np.ndarray, turn: np.ndarray) -> Iterator[OrientedBox]:
    """Yield the boxes in a frame that the rotation `turn` leads to from the level one."""
    count = len(instances)
    cos, sin = np.cos(boxes.yaw), np.sin(boxes.yaw)
    rotation: np.ndarray = np.zeros((count, 3, 3))
    rotation[:, 0, 0], rotation[:, 0, 1], rotation[:, 1, 0] = cos, -sin, sin
    rotation[:, 1, 1], rotation[:, 2, 2] = cos, 1
    rotation = turn @ rotation
    variance = np.full((count, 6), _TILT_RAD ** 2)
    variance[:, [0, 1, 2, 5]] = boxes.deviation ** 2
    covariance = np.zeros((count, 6, 6))
    for part in (slice(0, 3), slice(3, 6)):
        covariance[:, part, part] = (rotation * variance[:, None, part]) @ rotation.swapaxes(1, 2)
    center = boxes.center @ turn.T
    for k, instance in enumerate(instances):
        yield OrientedBox(instance, center[k], boxes.size[k], rotation[k], covariance[k],
                          int(points[k]), float(nearest[k]))
