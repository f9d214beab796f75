# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Points of a cloud in a rectified image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..positions import Pinhole
from .rigid_transform import RigidTransform

_NEAREST_M = 0.3
"""What is nearer is a return from the vehicle or from dirt on the window of the sensor."""


@dataclass(frozen=True)
class ProjectedPoints:
    """The points of a cloud that an image can see (M of N).

    Attributes:
        index: place of each in the cloud, int64 (M,).
        xyz: in the camera's optical frame, metres, float32 (M, 3).
        row: of the pixel each falls into, int32 (M,).
        column: of the pixel each falls into, int32 (M,).
    """

    index: np.ndarray
    xyz: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def every(self, step: int) -> ProjectedPoints:
        """Return every `step`-th point."""
        return ProjectedPoints(self.index[::step], self.xyz[::step], self.row[::step],
                               self.column[::step])

    def values_of(self, image: np.ndarray) -> np.ndarray:
        """Return the value of an image (H, W) at each point, (M,)."""
        return image.reshape(-1).take(self.row * image.shape[1] + self.column)

    def __len__(self) -> int:
        """Count the points."""
        return len(self.index)


def project(xyz: np.ndarray, camera_from_cloud: RigidTransform, pinhole: Pinhole,
            size: tuple[int, int]) -> ProjectedPoints:
    """Project the points of a cloud into an image.

    Args:
        xyz: float32 (N, 3), metres, in the cloud's frame; fastest with contiguous columns.
        camera_from_cloud: to the camera's optical frame at the time of the image.
        pinhole: the rectified camera, of an image of this size; pixel centres are at integers.
        size: width and height of the image.

    Returns:
        The points in front of the camera that fall into the image.
    """
    width, height = size
    intrinsic = np.array([[pinhole.fx, 0, pinhole.cx + 0.5], [0, pinhole.fy, pinhole.cy + 0.5],
                          [0, 0, 1]])       # + 0.5: the edges of pixels are at integers
    matrix = (intrinsic @ camera_from_cloud.rotation).astype(np.float32)
    offset = (intrinsic @ camera_from_cloud.translation).astype(np.float32)
    index = _between_sides(xyz, matrix, offset, width)
    uvw = matrix @ xyz.T.take(index, 1)                         # pixels times depth, and depth
    uvw += offset[:, None]
    _, v, w = uvw
    seen = np.flatnonzero((v >= 0) & (v < w * height) & (w > _NEAREST_M))
    u, v, w = uvw.take(seen, 1)
    u /= w
    v /= w
    # Rounding can carry a point at the far edge to the width itself.
    column = np.minimum(u.astype(np.int32), width - 1)
    row = np.minimum(v.astype(np.int32), height - 1)
    ray_x, ray_y = (u - (pinhole.cx + 0.5)) / pinhole.fx, (v - (pinhole.cy + 0.5)) / pinhole.fy
    return ProjectedPoints(index[seen], np.stack([ray_x * w, ray_y * w, w], 1), row, column)


def _between_sides(xyz: np.ndarray, matrix: np.ndarray, offset: np.ndarray,
                   width: int) -> np.ndarray:
    """Return the indices of the points between the left and the right edge of the image.

    Two planes leave a quarter of a cloud that looks all round, so that little is projected in
    vain. What lies between them is in front of the camera.
    """
    # Two products with a vector: faster than one with a (2, 3) matrix.
    left, right = matrix[0] @ xyz.T, (width * matrix[2] - matrix[0]) @ xyz.T
    return np.flatnonzero((left >= -offset[0]) & (right > offset[0] - width * offset[2]))
