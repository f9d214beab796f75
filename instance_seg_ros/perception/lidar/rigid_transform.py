# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms between frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RigidTransform:
    """Maps points of one frame to another: p' = rotation p + translation.

    Attributes:
        rotation: float64 (3, 3), orthonormal, determinant 1.
        translation: float64 (3,), metres.
    """

    rotation: np.ndarray
    translation: np.ndarray

    @classmethod
    def identity(cls) -> RigidTransform:
        """Return the transform that changes nothing."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_quaternion(cls, translation: Iterable[float],
                        quaternion: Iterable[float]) -> RigidTransform:
        """Build it from x, y, z in metres and a quaternion x, y, z, w as in tf2.

        Raises:
            ValueError: when a number is not finite or the quaternion is zero.
        """
        values = np.array([*translation, *quaternion], np.float64)
        norm = np.linalg.norm(values[3:])
        if values.shape != (7,) or not np.isfinite(values).all() or norm < 1e-6:
            raise ValueError(f'{values.tolist()} is not a translation and a quaternion')
        x, y, z, w = values[3:] / norm
        return cls(np.array([
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]), values[:3])

    @classmethod
    def from_matrix(cls, matrix: np.ndarray) -> RigidTransform:
        """Build it from a (3, 4) or (4, 4) matrix.

        Raises:
            ValueError: when its left part is not a rotation to within 1 %.
        """
        matrix = np.asarray(matrix, np.float64)
        if matrix.shape not in ((3, 4), (4, 4)) or not np.isfinite(matrix).all():
            raise ValueError(f'{matrix.tolist()} is not a (3, 4) or (4, 4) matrix')
        rotation = matrix[:3, :3]
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > 0.01 or np.linalg.det(rotation) < 0:
            raise ValueError(f'{rotation.tolist()} is not a rotation')
        return cls(rotation, matrix[:3, 3])

    def __matmul__(self, other: RigidTransform) -> RigidTransform:
        """Return the transform that applies `other` first."""
        return RigidTransform(self.rotation @ other.rotation,
                              self.rotation @ other.translation + self.translation)

    def inverse(self) -> RigidTransform:
        """Return the transform back."""
        return RigidTransform(self.rotation.T, -self.rotation.T @ self.translation)

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Transform points (N, 3); float32 stays float32."""
        kind = points.dtype
        return points @ self.rotation.T.astype(kind) + self.translation.astype(kind)


def quaternion_of(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """Return a rotation (3, 3) as a quaternion x, y, z, w with w >= 0.

    The component of the largest magnitude is computed first, so nothing is divided by a small
    number (Shepperd, 1978).
    """
    m = rotation
    squares = np.array([1 + m[0, 0] - m[1, 1] - m[2, 2], 1 - m[0, 0] + m[1, 1] - m[2, 2],
                        1 - m[0, 0] - m[1, 1] + m[2, 2], 1 + m[0, 0] + m[1, 1] + m[2, 2]])
    x_y, x_z, y_z = m[1, 0] + m[0, 1], m[0, 2] + m[2, 0], m[2, 1] + m[1, 2]
    w_x, w_y, w_z = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    rows = ((squares[0], x_y, x_z, w_x), (x_y, squares[1], y_z, w_y),
            (x_z, y_z, squares[2], w_z), (w_x, w_y, w_z, squares[3]))
    best = np.array(rows[int(squares.argmax())])
    best /= np.linalg.norm(best)
    return tuple((best if best[3] >= 0 else -best).tolist())
