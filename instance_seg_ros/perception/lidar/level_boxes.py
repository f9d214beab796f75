# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Boxes that stand on the ground, from the points of each instance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .l_shape import contours, extremes, fit_yaw
from .usual_sizes import SizeTable

_NOISE_M = 0.05
_WIDTH_SPREAD_M = 0.15
_GROUND_M = 0.1
_AROUND_M = 0.2
_YAW_FLOOR_RAD = np.radians(3)
_LONGER_THAN_WIDE = 1.25
"""A side this much longer than the class is wide is its length."""
_FRONT_SHARE = 0.6
"""A side with this share of the width of its class may be its front or its back."""


@dataclass(frozen=True)
class LevelBoxes:
    """Boxes of I objects in the level frame (x forward, y left, z up, origin in the camera).

    Attributes:
        center: metres, (I, 3).
        size: length, width, height in metres, (I, 3).
        yaw: of the length about z, radians, (I,); whether front or back is not known.
        deviation: standard deviations of the centre along the length, along the width and along z
            in metres, and of the yaw in radians, (I, 4).
        nearest: horizontal distance of the nearest point, metres, (I,).
    """

    center: np.ndarray
    size: np.ndarray
    yaw: np.ndarray
    deviation: np.ndarray
    nearest: np.ndarray


def fit_boxes(xyz: np.ndarray, owner: np.ndarray, usual: SizeTable, ground_z: float,
              cut: np.ndarray) -> LevelBoxes:
    """Fit a box to the points of each object.

    The yaw of classes with straight sides is fitted to the contour, the others face away from the
    camera. The sides that can be seen stay where they are; where an object is shorter than usual,
    the box is completed on the side turned away from the camera.

    Args:
        xyz: points in the level frame, metres, float32 (3, P).
        owner: object of each point, below I, int (P,); each object has one or more.
        usual: what is usual for each of the I objects.
        ground_z: of the ground in the level frame.
        cut: whether an object is cut off by the edge of the image, bool (I,).
    """
    contour = contours(xyz[:2], owner, len(cut))
    points, valid = contour.points, contour.valid
    middle = points.sum(2)                                       # (I, 2)
    yaw = np.arctan2(middle[:, 1], middle[:, 0]).astype(np.float64)
    sided = usual.has_sides
    yaw[sided] = fit_yaw(points[sided], valid[sided])
    low, high = _extents(points, yaw)                            # (I, 2)
    turn = sided & _length_is_across(high - low, usual, yaw)
    yaw[turn] += np.pi / 2
    low[turn], high[turn] = (np.stack([low[turn, 1], -high[turn, 0]], 1),
                             np.stack([high[turn, 1], -low[turn, 0]], 1))
    deviation = _deviation(valid, high - low, usual)
    low, high, unseen = _completed(low, high, usual)
    deviation[:, :2] = np.hypot(deviation[:, :2], unseen)
    deviation[cut, 0] += usual.length[cut] / 4
    over = _over_footprint(xyz, owner, yaw, low, high)
    bottom, top = _vertical(xyz[2, over], owner[over], usual, ground_z)
    center = np.empty((len(cut), 3))
    center[:, :2] = (((low + high) / 2)[:, None] @ _axes(yaw))[:, 0]
    center[:, 2] = (bottom + top) / 2
    size = np.concatenate([high - low, (top - bottom)[:, None]], 1)
    yaw = np.remainder(yaw + np.pi / 2, np.pi) - np.pi / 2
    return LevelBoxes(center, size, yaw, deviation, contour.nearest)


def _axes(yaw: np.ndarray) -> np.ndarray:
    """Return the directions along and across each yaw as rows, (I, 2, 2)."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.stack([cos, sin, -sin, cos], 1).reshape(-1, 2, 2)


def _extents(points: np.ndarray, yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and greatest coordinate along and across the yaw, (I, 2) each."""
    turned = _axes(yaw).astype(np.float32) @ points              # (I, 2, K)
    return turned.min(2), turned.max(2)


def _length_is_across(extent: np.ndarray, usual: SizeTable,
                      yaw: np.ndarray) -> np.ndarray:
    """Whether the second axis of each object is its length, bool (I,).

    A side longer than the class is wide is the length. Otherwise the longer side is the front or
    the back, unless both are long enough to be: then the object is taken to drive along the road.
    """
    width = usual.width
    longest = extent.argmax(1)
    is_length = extent.max(1) > _LONGER_THAN_WIDE * width
    ambiguous = ~is_length & (extent.min(1) > _FRONT_SHARE * width)
    ahead = np.abs(np.cos(yaw)) >= np.abs(np.sin(yaw))      # the first axis points along the road
    return np.where(ambiguous, ~ahead, np.where(is_length, longest == 1, longest == 0))


def _completed(low: np.ndarray, high: np.ndarray,
               usual: SizeTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengthen extents to what is usual, away from the camera at 0; return deviations as well."""
    wanted = np.stack([usual.length, usual.width], 1)
    spread = np.stack([usual.spread, np.full(len(low), _WIDTH_SPREAD_M)], 1)
    missing = np.maximum(wanted - (high - low), 0)
    share = np.where(low > 0, 1.0, np.where(high < 0, 0.0, 0.5))    # of it that is added above
    anchored = share != 0.5
    unseen = np.where(anchored, spread / 2, missing / np.sqrt(12)) * (missing > 0)
    return low - (1 - share) * missing, high + share * missing, unseen


def _over_footprint(xyz: np.ndarray, owner: np.ndarray, yaw: np.ndarray, low: np.ndarray,
                    high: np.ndarray) -> np.ndarray:
    """Mark the points over the footprint of their object, bool (P,)."""
    middle, reach = (low + high) / 2, (high - low) / 2 + _AROUND_M
    table = np.stack([np.cos(yaw), np.sin(yaw), *middle.T, *reach.T]).astype(np.float32)
    cos, sin, along, across, reach_along, reach_across = table.take(owner, 1)       # (P,) each
    x, y, _ = xyz
    return ((np.abs(x * cos + y * sin - along) <= reach_along)
            & (np.abs(y * cos - x * sin - across) <= reach_across))


def _vertical(z: np.ndarray, owner: np.ndarray, usual: SizeTable,
              ground_z: float) -> tuple[np.ndarray, np.ndarray]:
    """Return bottom and top of each object, (I,); what is not too tall is on the ground."""
    low, high = extremes(z, owner, len(usual.height))
    tallest = 1.5 * usual.height
    stands = (high - ground_z <= tallest) & (high > ground_z)
    return np.where(stands, ground_z, low), high


def _deviation(valid: np.ndarray, extent: np.ndarray, usual: SizeTable) -> np.ndarray:
    """Return the deviations of what is visible, (I, 4); that of the yaw as of a fitted line."""
    spread = extent.max(1) * np.sqrt(valid.sum(1) / 12)
    yaw = np.hypot(np.minimum(_NOISE_M / np.maximum(spread, 1e-6), 1), _YAW_FLOOR_RAD)
    result = np.full((len(valid), 4), _NOISE_M)
    result[:, 2] = np.hypot(_NOISE_M, _GROUND_M)
    result[:, 3] = np.where(usual.has_sides, yaw, np.pi / np.sqrt(3))
    return result
