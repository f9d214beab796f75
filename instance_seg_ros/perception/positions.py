# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Where instances stand, in metres in the camera's optical frame (x right, y down, z forward).

Both methods take a rectified pinhole image and tell about the visible part of an object only:

- ``on_ground``: the lower edge of the box touches a flat ground below a camera of known height
  and pitch. Wrong where the foot of the object is hidden or the road is not flat; the error
  grows with the square of the distance. The extent along z is unknown and given as 0.
- ``in_depth``: the median depth of the mask's pixels. As good as the depth image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.instances import Instance, InstanceMap


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
    """
    Return the rectified camera of a CameraInfo, None where it tells nothing.

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
    """Return where a window begins and how long it is; length 0 stands for no window."""
    return (offset, length) if length else (0, whole)


@dataclass(frozen=True)
class Placed:
    """Centre and size of the visible part of an instance, metres along x, y, z."""

    center: tuple[float, float, float]
    size: tuple[float, float, float]


def on_ground(instance: Instance, pinhole: Pinhole, height_m: float, pitch_rad: float = 0.0,
              farthest_m: float = 200.0) -> Placed | None:
    """
    Return where an instance stands on flat ground, None at or above the horizon or too far.

    :param height_m: of the camera above the ground.
    :param pitch_rad: by which the camera looks down, 0 for straight ahead.
    """
    x0, _, x1, y1 = instance.box
    ray = pinhole.ray((x0 + x1) / 2, y1)
    down = np.array([0.0, np.cos(pitch_rad), np.sin(pitch_rad)])
    slope = float(down @ ray)
    if slope <= 0 or height_m / slope > farthest_m:
        return None
    return _placed(instance, pinhole, height_m / slope, 0.0)


def in_depth(instance: Instance, found: InstanceMap, depth_m: np.ndarray,
             pinhole: Pinhole) -> Placed | None:
    """
    Return where a depth image (H, W), metres, sees an instance, None without a valid depth.

    Depths that are not finite or not positive do not count. The extent along z spans the middle
    80 % of the depths, so that a few pixels of the background do not stretch it.
    """
    x0, y0, x1, y1 = instance.box
    inside = found.instance_mask[y0:y1, x0:x1] == instance.id
    depths = depth_m[y0:y1, x0:x1][inside]
    depths = depths[np.isfinite(depths) & (depths > 0)]
    if not depths.size:
        return None
    near, middle, far = np.percentile(depths, (10, 50, 90))
    return _placed(instance, pinhole, float(middle), float(far - near))


def _placed(instance: Instance, pinhole: Pinhole, z: float, extent: float) -> Placed:
    x0, y0, x1, y1 = instance.box
    x, y, _ = (pinhole.ray((x0 + x1) / 2, (y0 + y1) / 2) * z).tolist()
    return Placed((x, y, z), ((x1 - x0) / pinhole.fx * z, (y1 - y0) / pinhole.fy * z, extent))
