# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An object in metres, and the camera that it was seen by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.instances import Instance
from ..positions import Pinhole
from .rigid_transform import RigidTransform


@dataclass(frozen=True)
class OrientedBox:
    """An object in metres.

    Attributes:
        instance: its record in the image.
        center: float64 (3,).
        size: length, width, height.
        rotation: float64 (3, 3), from the box's axes (x along the length, y left, z up).
        covariance: of x, y, z and the rotations about x, y, z, in the same frame, float64 (6, 6).
        points: number of lidar points on it.
        nearest_m: horizontal distance of its nearest point to the camera.
    """

    instance: Instance
    center: np.ndarray
    size: np.ndarray
    rotation: np.ndarray
    covariance: np.ndarray
    points: int
    nearest_m: float

    def transformed(self, transform: RigidTransform) -> OrientedBox:
        """Return the box in another frame."""
        turn = np.kron(np.eye(2), transform.rotation)
        return OrientedBox(self.instance, transform.apply(self.center[None])[0], self.size,
                           transform.rotation @ self.rotation, turn @ self.covariance @ turn.T,
                           self.points, self.nearest_m)


@dataclass(frozen=True)
class LidarCamera:
    """A camera: its intrinsics, and its pose over flat ground."""

    pinhole: Pinhole
    height_m: float = 1.5
    pitch_rad: float = 0.0
