# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ground below a camera, from the points on the road, and the level frame above it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .projection import ProjectedPoints

_FARTHEST_M = 40.0
_FEWEST_POINTS = 40
_MAX_TILT_RAD = math.radians(12)
_BANDS_M = (0.5, 0.2, 0.1)
"""How far from the plane before it a point may be to count, step by step."""


@dataclass(frozen=True)
class GroundPlane:
    """A plane in the camera's optical frame.

    Attributes:
        up: unit normal away from the ground, float64 (3,).
        height_m: of the camera above it, in metres.
        share: of the points on the road that lie within 10 cm of it; None when no points were used
            and the plane is that of the parameters.
    """

    up: np.ndarray
    height_m: float
    share: float | None = None

    @cached_property
    def level_from_camera(self) -> np.ndarray:
        """Rotation (3, 3) into the level frame: x forward along the ground, y left, z up.

        The origin stays in the camera.
        """
        forward = np.array([0.0, 0.0, 1.0]) - self.up[2] * self.up
        forward /= np.linalg.norm(forward)
        (a, b, c), (x, y, z) = self.up, forward
        return np.array([forward, (b * z - c * y, c * x - a * z, a * y - b * x), self.up])


def nominal_plane(height_m: float, pitch_rad: float) -> GroundPlane:
    """Return flat ground below a camera of known height that looks down by a pitch."""
    return GroundPlane(np.array([0.0, -math.cos(pitch_rad), -math.sin(pitch_rad)]), height_m)


def fit_ground(points: ProjectedPoints, on_ground: np.ndarray,
               nominal: GroundPlane) -> GroundPlane:
    """Fit the ground to the points on road and pavement, robustly.

    Least squares in three steps, each on the points near the plane of the step before.

    Args:
        points: points of the cloud in the image; some hundreds suffice.
        on_ground: whether the image shows ground there, bool (M,).
        nominal: the plane of the parameters: where the search begins, and what is returned when
            there are too few points or when their plane is tilted by more than 12 degrees.

    Returns:
        The plane.
    """
    near = on_ground & (points.xyz[:, 2] < _FARTHEST_M)
    xyz = points.xyz.compress(near, 0).astype(np.float64)
    if len(xyz) < _FEWEST_POINTS:
        return nominal
    # y = a x + b z + c, y pointing down: the ground is never vertical in an image of the road.
    design = np.ones((len(xyz), 4))                             # x, z, 1, y
    design[:, 0], design[:, 1], design[:, 3] = xyz[:, 0], xyz[:, 2], xyz[:, 1]
    offset = xyz @ nominal.up
    inside = np.abs(offset - np.sort(offset)[len(offset) // 2]) < _BANDS_M[0]
    for band in _BANDS_M:
        some = design.compress(inside, 0)
        if len(some) < _FEWEST_POINTS:
            return nominal
        product = some.T @ some                                 # (4, 4)
        try:
            solution = np.linalg.solve(product[:3, :3], product[:3, 3])
        except np.linalg.LinAlgError:       # all on one line
            return nominal
        inside = np.abs(design @ (*solution, -1)) < band
    a, b, c = solution.tolist()
    plane = _plane_of(a, b, c, np.count_nonzero(inside) / len(xyz))
    tilt = math.acos(min(1.0, float(plane.up @ nominal.up)))
    return plane if tilt <= _MAX_TILT_RAD and plane.height_m > 0 else nominal


def _plane_of(a: float, b: float, c: float, share: float) -> GroundPlane:
    """Return the plane y = a x + b z + c."""
    norm = math.sqrt(a * a + b * b + 1)
    return GroundPlane(np.array([a, -1.0, b]) / norm, c / norm, share)
