# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""3D positions of instances, in metres in the camera's optical frame (x right, y down, z forward).

Both methods here take a rectified pinhole image and describe the visible part of an object only:

- ``on_ground``: the lower edge of the box touches a flat ground below a camera of known height
  and pitch. Wrong where the foot of the object is hidden or the road is not flat; the error
  grows with the square of the distance. The extent along z is unknown and given as 0.
- ``in_depth``: the median depth of the mask's pixels. As accurate as the depth image.

The positions from a lidar are computed in ``lidar``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..core.instances import Instance, InstanceMap
from .lidar.rigid_transform import RigidTransform, quaternion_of
from .motion import Motion


@dataclass(frozen=True)
class Pinhole:
    """Focal lengths and principal point of a rectified image, in pixels."""

    fx: float
    fy: float
    cx: float
    cy: float

    def ray(self, u: float, v: float) -> np.ndarray:
        """Return the direction (x, y, 1) in which the camera sees a point of the image."""
        return np.array([(u - self.cx) / self.fx, (v - self.cy) / self.fy, 1.0])


def pinhole_of(info: Any, found: InstanceMap) -> Pinhole | None:
    """Return the rectified camera of a CameraInfo, None for an uncalibrated one.

    The image is the window ``info.roi`` of the sensor, all of it where that is not set; where it
    was resized or binned, the camera is scaled with it.
    """
    if info is None or not info.width or not info.height:
        return None
    fx, fy, cx, cy = ((info.p[0], info.p[5], info.p[2], info.p[6]) if info.p[0] > 0
                      else (info.k[0], info.k[4], info.k[2], info.k[5]))
    if fx <= 0 or fy <= 0:
        return None
    x, width = _span(info.roi.x_offset, info.roi.width, info.width)
    y, height = _span(info.roi.y_offset, info.roi.height, info.height)
    sx, sy = found.width / width, found.height / height
    return Pinhole(fx * sx, fy * sy, (cx - x) * sx, (cy - y) * sy)


def _span(offset: int, length: int, whole: int) -> tuple[int, int]:
    """Return where a window begins and how long it is; length 0 means no window."""
    return (offset, length) if length else (0, whole)


@dataclass(frozen=True)
class Position3D:
    """A box around an instance.

    Attributes:
        center: metres.
        size: metres along the axes of the box. From ``ground`` and ``depth`` they are those of
            the optical frame, and the box is around the visible part; from ``lidar`` x points
            along the length, y to the left and z up, and the box is around the whole object.
        rotation: float (3, 3), from the axes of the box to those of the frame; None for none.
        covariance: float (6, 6) of x, y, z and the rotations about x, y, z; None where unknown.
        up: unit vector away from the ground.
        motion: position and velocity of a tracked object; None without tracking.
    """

    center: tuple[float, float, float]
    size: tuple[float, float, float]
    rotation: np.ndarray | None = None
    covariance: np.ndarray | None = None
    up: tuple[float, float, float] = (0.0, -1.0, 0.0)
    motion: Motion | None = None

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """The rotation as x, y, z, w."""
        return (0.0, 0.0, 0.0, 1.0) if self.rotation is None else quaternion_of(self.rotation)

    def transformed(self, transform: RigidTransform) -> Position3D:
        """Return the position in another frame; a motion belongs to its frame and is left out."""
        turn = np.kron(np.eye(2), transform.rotation)
        covariance = None if self.covariance is None else turn @ self.covariance @ turn.T
        own = np.eye(3) if self.rotation is None else self.rotation
        center, = transform.apply(np.array([self.center])).tolist()
        return Position3D(tuple(center), self.size, transform.rotation @ own, covariance,
                          tuple((transform.rotation @ self.up).tolist()))


class Located(NamedTuple):
    """An instance whose position is known."""

    instance: Instance
    position: Position3D


@dataclass(frozen=True)
class Placer:
    """Computes the positions of a frame's instances.

    Attributes:
        method: `ground` or `depth`.
        camera_height_m: height of the camera above the ground (`ground`).
        camera_pitch_deg: degrees by which the camera looks down (`ground`).
    """

    method: str
    camera_height_m: float = 1.5
    camera_pitch_deg: float = 0.0

    def locate(self, found: InstanceMap, camera_info: Any,
               depth_m: np.ndarray | None = None, scan: Any = None) -> list[Located]:
        """Return the instances whose position is known.

        Args:
            found: masks (H, W) and instances.
            camera_info: sensor_msgs/CameraInfo, of rclpy or of rosbags, or None.
            depth_m: float (H, W), metres, for the method `depth`.
            scan: not used; points of a lidar are for the method `lidar`.
        """
        pinhole = pinhole_of(camera_info, found)
        if pinhole is None:
            return []
        located = ((i, self._position(i, found, pinhole, depth_m)) for i in found.instances)
        return [Located(instance, position) for instance, position in located if position]

    def _position(self, instance: Instance, found: InstanceMap, pinhole: Pinhole,
                  depth_m: np.ndarray | None) -> Position3D | None:
        if self.method == 'ground':
            return on_ground(instance, pinhole, self.camera_height_m,
                             math.radians(self.camera_pitch_deg))
        if depth_m is None or depth_m.shape != found.instance_mask.shape:
            return None
        return in_depth(instance, found, depth_m, pinhole)


def on_ground(instance: Instance, pinhole: Pinhole, height_m: float, pitch_rad: float = 0.0,
              farthest_m: float = 200.0) -> Position3D | None:
    """Intersect the ray through the middle of the box's lower edge with a flat ground.

    Args:
        instance: box in pixels of the rectified image.
        pinhole: the camera.
        height_m: height of the camera above the ground.
        pitch_rad: angle by which the camera looks down, 0 for straight ahead.
        farthest_m: distance beyond which no position is returned.

    Returns:
        The position; None at or above the horizon, or too far away.
    """
    x0, _, x1, y1 = instance.box
    ray = pinhole.ray((x0 + x1) / 2, y1)
    down = np.array([0.0, np.cos(pitch_rad), np.sin(pitch_rad)])
    slope = float(down @ ray)
    if slope <= 0 or height_m / slope > farthest_m:
        return None
    return _position(instance, pinhole, height_m / slope, 0.0)


def in_depth(instance: Instance, found: InstanceMap, depth_m: np.ndarray,
             pinhole: Pinhole) -> Position3D | None:
    """Take the position from the depths of an instance's pixels.

    Depths that are not finite or not positive are ignored. The extent along z spans the middle
    80 % of the depths, so that a few pixels of the background do not stretch it.

    Args:
        instance: one of `found`.
        found: masks (H, W).
        depth_m: float (H, W), metres.
        pinhole: the camera.

    Returns:
        The position; None without a valid depth.
    """
    x0, y0, x1, y1 = instance.box
    inside = found.instance_mask[y0:y1, x0:x1] == instance.id
    depths = depth_m[y0:y1, x0:x1][inside]
    depths = depths[np.isfinite(depths) & (depths > 0)]
    if not depths.size:
        return None
    near, middle, far = np.percentile(depths, (10, 50, 90))
    return _position(instance, pinhole, float(middle), float(far - near))


def _position(instance: Instance, pinhole: Pinhole, z: float, extent: float) -> Position3D:
    x0, y0, x1, y1 = instance.box
    x, y, _ = (pinhole.ray((x0 + x1) / 2, (y0 + y1) / 2) * z).tolist()
    return Position3D((x, y, z), ((x1 - x0) / pinhole.fx * z, (y1 - y0) / pinhole.fy * z, extent))
