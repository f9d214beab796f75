# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Positions of a frame's instances from a lidar, and how well its clouds fit the images."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ...core.instances import InstanceMap
from ..positions import Located, Position3D, pinhole_of
from .alignment import AlignmentMonitor
from .oriented_box import LidarCamera, OrientedBox
from .placement import MIN_POINTS, LidarPlacement, place_with_lidar
from .scan import Scan


class LidarPlacer:
    """Computes positions from the points of a lidar; in the place of a `Placer`.

    Attributes:
        method: `lidar`.
        camera_height_m, camera_pitch_deg: where the ground is searched.
        min_points: objects with fewer points have no position.
        alignment: whether the clouds of the last frames fit the images.
        counts: objects with `too_few_points`, frames with `no_points_in_image`; may be replaced
            by a counter that lives longer.
    """

    method = 'lidar'

    def __init__(self, camera_height_m: float = 1.5, camera_pitch_deg: float = 0.0,
                 min_points: int = MIN_POINTS) -> None:
        self.camera_height_m, self.camera_pitch_deg = camera_height_m, camera_pitch_deg
        self.min_points = min_points
        self.alignment = AlignmentMonitor()
        self.counts: Counter[str] = Counter()

    def locate(self, found: InstanceMap, camera_info: Any, depth_m: np.ndarray | None = None,
               scan: Scan | None = None) -> list[Located]:
        """Return the instances whose position is known, in the camera's optical frame.

        Args:
            found: masks (H, W) and instances.
            camera_info: sensor_msgs/CameraInfo, of rclpy or of rosbags, or None.
            depth_m: not used.
            scan: the points, or None.
        """
        pinhole = pinhole_of(camera_info, found)
        if pinhole is None or scan is None:
            return []
        camera = LidarCamera(pinhole, self.camera_height_m, math.radians(self.camera_pitch_deg))
        placement = place_with_lidar(found, scan.cloud.xyz, scan.camera_from_cloud, camera,
                                     self.min_points)
        self._count(placement)
        up = tuple(placement.ground.up.tolist())
        return [Located(box.instance, _position(box, up)) for box in placement.boxes]

    def problems(self) -> list[str]:
        """Return what is wrong with the clouds, for the diagnostics."""
        reasons = self.alignment.reasons()
        if not reasons:
            return []
        return [f'lidar and image do not agree: {", and ".join(reasons)}; check the transform and '
                'the stamps of the cloud']

    def _count(self, placement: LidarPlacement) -> None:
        self.alignment.add(placement.votes, placement.ground_match)
        self.counts['too_few_points'] += placement.too_few
        self.counts['no_points_in_image'] += not placement.points_in_image


def _position(box: OrientedBox, up: tuple[float, float, float]) -> Position3D:
    return Position3D(tuple(box.center.tolist()), tuple(box.size.tolist()), box.rotation,
                      box.covariance, up)
