# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Free space on the ground: distance to the nearest obstacle in each direction of an image.

Road and pavement are free, every other class is an obstacle. The lowest pixel of the obstacle in a
column is where it touches flat ground below a camera of known height and pitch. What hangs over
the road is taken to stand where its lower edge meets the ground behind it: too far. Slopes and a
wrong pitch shift everything; half a degree at 20 m and 1.5 m of height is 2 m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.labels import UNLABELLED, LabelSet
from .positions import Pinhole

FREE_NAMES = ('road', 'sidewalk', 'pavement')
NEAREST_M = 0.1
FARTHEST_M = 50.0
_SPECKLE = 3
"""An obstacle of fewer rows than this on free ground is a speckle of the segmentation."""


@dataclass(frozen=True)
class FreeSpace:
    """Ranges over evenly spaced angles, as in sensor_msgs/LaserScan.

    Attributes:
        angle_min: radians about z, positive to the left.
        angle_increment: radians about z, positive to the left.
        ranges: metres along the ground, float32 (A,); +inf where nothing is in the way up to
            `FARTHEST_M`, NaN where the image shows nothing of the ground (hidden by the vehicle,
            outside the region of interest).
    """

    angle_min: float
    angle_increment: float
    ranges: np.ndarray

    @property
    def angle_max(self) -> float:
        """Angle of the last range."""
        return self.angle_min + self.angle_increment * (len(self.ranges) - 1)


def free_space(class_mask: np.ndarray, labels: LabelSet, pinhole: Pinhole, height_m: float,
               pitch_rad: float = 0.0) -> FreeSpace:
    """Return the distance to the nearest obstacle over the field of view.

    Args:
        class_mask: uint8 (H, W), label ids; unlabelled pixels at the lower edge are skipped.
        labels: names of the label ids.
        pinhole: the rectified camera of this image.
        height_m: of the camera above the ground.
        pitch_rad: by which the camera looks down.

    Returns:
        One range for about every two columns.
    """
    foot = obstacle_rows(class_mask, labels)
    angle, distance = _on_ground(foot, len(class_mask), pinhole, height_m, pitch_rad)
    return _evenly(angle, distance)


def obstacle_rows(class_mask: np.ndarray, labels: LabelSet) -> np.ndarray:
    """Return the lowest obstacle row of each column, int (W,): -1 for none, H for nothing seen."""
    height = class_mask.shape[0]
    free = np.zeros(256, bool)
    free[[label.id for label in labels.labels if label.name in FREE_NAMES]] = True
    upwards = class_mask[::-1]
    blocked = ~free[upwards]
    known = upwards != UNLABELLED
    skipped = np.where(known.any(0), known.argmax(0), height)       # (W,)
    blocked &= np.arange(height)[:, None] >= skipped
    run = blocked.copy()
    for shift in range(1, _SPECKLE):
        run[:-shift] &= blocked[shift:]
        run[-shift:] = False
    # At the very foot of the image even a speckle is near enough to count.
    first = np.where(run.any(0), run.argmax(0), height)
    rows = height - 1 - first
    return np.where(skipped == height, height, rows)


def _on_ground(foot: np.ndarray, image_height: int, pinhole: Pinhole, height_m: float,
               pitch_rad: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the angle to the left and the distance of each column's obstacle."""
    columns = np.arange(len(foot))
    x = (columns - pinhole.cx) / pinhole.fx
    y = (foot + 0.5 - pinhole.cy) / pinhole.fy          # the edge below the obstacle's last pixel
    cos, sin = math.cos(pitch_rad), math.sin(pitch_rad)
    slope, ahead = y * cos + sin, cos - y * sin
    with np.errstate(divide='ignore', invalid='ignore'):
        distance = np.where(slope > 0, height_m / slope * np.hypot(ahead, x), np.inf)
    # The angle of a column is taken at its foot; above the horizon, at the horizon.
    level = np.where(slope > 0, ahead, 1 / max(cos, 1e-6))
    distance = np.where(distance <= FARTHEST_M, distance, np.inf)
    distance = np.where(foot >= 0, distance, np.inf)
    return np.arctan2(-x, level), np.where(foot < image_height, distance, np.nan)


def _evenly(angle: np.ndarray, distance: np.ndarray) -> FreeSpace:
    """Bring ranges to even angles; the nearest of the columns in an angle counts."""
    low, high = float(angle.min()), float(angle.max())
    count = max(2, len(angle) // 2)
    increment = max((high - low) / (count - 1), 1e-9)
    place = np.rint((angle - low) / increment).astype(np.int64)
    ranges = np.full(count, np.nan)
    np.fmin.at(ranges, place, distance)
    return FreeSpace(low, increment, ranges.astype(np.float32))
