# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The whole chain from one cloud and one image's masks to boxes in metres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress

import numpy as np

from ...core.instances import Instance, InstanceMap
from .alignment import votes_of
from .foreground import ObjectPoints, in_foreground, points_in_masks
from .ground_match import GROUND, GroundMatch, kinds_at, match_ground
from .ground_plane import GroundPlane, fit_ground, nominal_plane
from .level_boxes import LevelBoxes, fit_boxes
from .oriented_box import LidarCamera, OrientedBox
from .projection import ProjectedPoints, project
from .rigid_transform import RigidTransform
from .usual_sizes import SizeTable

MIN_POINTS = 5
_ABOVE_GROUND_M = 0.15
"""Points below this belong to the road under an object."""
_MARGIN_SHARE = 1 / 600
"""Masks are eroded by this share of the image's width."""
_MOST_POINTS = 1024
"""Of the image: the ground needs no more."""
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
        ground_match: whether it is where the image shows it; None where that cannot be said.
    """

    boxes: tuple[OrientedBox, ...] = ()
    too_few: int = 0
    points_in_image: int = 0
    votes: tuple[bool, ...] = ()
    ground: GroundPlane = field(default_factory=lambda: nominal_plane(1.5, 0.0))
    ground_match: GroundMatch | None = None


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
    some = points.every(1 + len(points) // _MOST_POINTS)
    nominal = nominal_plane(camera.height_m, camera.pitch_rad)
    kind = kinds_at(some, found)
    ground = fit_ground(some, kind == GROUND, nominal)
    inside = points_in_masks(found, points, max(1, round(found.width * _MARGIN_SHARE)))
    boxes = _boxes(found, points, inside, ground, min_points)
    return LidarPlacement(boxes, len(found.instances) - len(boxes), len(points),
                          votes_of(boxes, points, found, camera, nominal), ground,
                          match_ground(some, kind, found.height, ground))


def _boxes(found: InstanceMap, points: ProjectedPoints, inside: ObjectPoints, ground: GroundPlane,
           min_points: int) -> tuple[OrientedBox, ...]:
    """Return the boxes of the instances with enough points, in the camera's optical frame."""
    level = ground.level_from_camera.astype(np.float32) @ points.xyz.take(inside.point, 0).T
    keep = in_foreground(level[0], inside.owner, len(found.instances))
    if ground.share is not None:
        keep &= level[2] > _ABOVE_GROUND_M - ground.height_m
    enough = np.bincount(inside.owner[keep], minlength=len(found.instances)) >= min_points
    if not enough.any():
        return ()
    keep &= enough[inside.owner]
    owner = (np.cumsum(enough) - 1)[inside.owner[keep]]
    instances = list(compress(found.instances, enough))
    cut = np.array([i.box[0] == 0 or i.box[2] == found.width for i in instances])
    boxes = fit_boxes(level.compress(keep, 1), owner, SizeTable.of(i.label for i in instances),
                      -ground.height_m, cut)
    return tuple(_oriented(boxes, instances, np.bincount(owner), ground.level_from_camera.T))


def _oriented(boxes: LevelBoxes, instances: list[Instance], points: np.ndarray,
              turn: np.ndarray) -> Iterator[OrientedBox]:
    """Return the boxes in a frame that the rotation `turn` leads to from the level one."""
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
    return map(OrientedBox, instances, boxes.center @ turn.T, boxes.size, rotation, covariance,
               points.tolist(), boxes.nearest.tolist())
