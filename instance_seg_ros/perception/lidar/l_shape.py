# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Yaw of vehicles from the contour that a lidar sees: rectangles fitted to L-shapes.

Zhang, Xu, Dong and Dolan, "Efficient L-Shape Fitting for Vehicle Detection Using Laser Scanners",
IV 2017, section III: the direction in which the points lie closest to two edges of the rectangle
around them (the closeness criterion). Here the edges are trimmed: a few points may lie outside.
All instances of a frame are searched at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CONTOUR = 48
"""Points of a contour: one for each of that many directions seen from the sensor."""
_CLOSEST_M = 0.1
"""Added to each distance: noise, and the curve of a bumper, say little about the direction."""
_TRIMMED = 12
"""One of that many points may lie outside an edge: mirrors, and what is not of the object."""
_JUMP_M = 1.0
"""Neighbours of a contour that are further apart belong to different objects."""
_COARSE = np.radians(np.arange(0, 90, 5.0))
_FINE = np.radians(np.arange(-4, 4.1, 1.0))


def _axes_of(yaws: np.ndarray) -> np.ndarray:
    """Return the directions along each yaw (..., A), then those across, float32 (..., 2 A, 2)."""
    cos, sin = np.cos(yaws), np.sin(yaws)
    along, across = np.stack([cos, sin], -1), np.stack([-sin, cos], -1)
    return np.concatenate([along, across], -2).astype(np.float32)


_COARSE_AXES = _axes_of(_COARSE)


@dataclass(frozen=True)
class Contours:
    """The points of I instances that face the sensor: K = 48 directions over the width of each.

    Attributes:
        points: the nearest in each direction, metres, float32 (I, 2, K); where none counts, that
            of a neighbour.
        valid: where there is one and it hangs together with most others, bool (I, K).
        nearest: distance of the nearest point of all, metres, float32 (I,).
    """

    points: np.ndarray
    valid: np.ndarray
    nearest: np.ndarray


def contours(xy: np.ndarray, owner: np.ndarray, instances: int) -> Contours:
    """Return the points of each instance that face the sensor.

    Args:
        xy: points in the level frame with the sensor at its origin, metres, float32 (2, P).
        owner: instance of each point, below `instances`, int (P,); each has one or more.
        instances: I.
    """
    bearing, distance = np.arctan2(xy[1], xy[0]), np.sqrt(xy[0] * xy[0] + xy[1] * xy[1])
    low, high = extremes(bearing, owner, instances)
    scale = _CONTOUR / np.maximum(high - low, 1e-6)
    place = ((bearing - low[owner]) * scale[owner]).astype(np.int64)
    key = owner * _CONTOUR + np.minimum(place, _CONTOUR - 1)
    least = np.full(instances * _CONTOUR, np.inf, distance.dtype)
    np.minimum.at(least, key, distance)
    nearest = np.flatnonzero(distance == least[key])
    chosen: np.ndarray = np.full(instances * _CONTOUR, -1)
    chosen[key[nearest]] = nearest
    chosen, least = chosen.reshape(instances, _CONTOUR), least.reshape(instances, _CONTOUR)
    valid = chosen >= 0
    # Bin 0 has the point of the least bearing, so there is one before each place.
    points = xy.take(_filled(chosen, valid), 1)                 # (2, I, K)
    run = _largest_run(points, valid)
    if run is not valid:
        points = xy.take(_filled(chosen, run), 1)
    return Contours(points.swapaxes(0, 1), run, least.min(1))


def extremes(values: np.ndarray, owner: np.ndarray,
             instances: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest value of each instance, (I,) each."""
    low = np.full(instances, np.inf, values.dtype)
    high = np.full(instances, -np.inf, values.dtype)
    np.minimum.at(low, owner, values)
    np.maximum.at(high, owner, values)
    return low, high


def _filled(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Repeat the last valid value of each row, before the first one that, (I, K)."""
    instances, count = valid.shape
    place = np.where(valid, np.arange(count), valid.argmax(1)[:, None])
    place = np.maximum.accumulate(place, 1)
    place += np.arange(0, instances * count, count)[:, None]
    return values.take(place)


def _largest_run(points: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Keep the run of a contour (2, I, K) without a jump that has most points, bool (I, K)."""
    step = np.diff(points)
    step *= step
    jump = np.zeros(valid.shape, bool)
    jump[:, 1:] = step[0] + step[1] > _JUMP_M ** 2
    if not jump.any():
        return valid
    run = np.cumsum(jump, 1)
    key = np.arange(0, run.size, run.shape[1])[:, None] + run
    sizes = np.bincount(key[valid], minlength=run.size).reshape(run.shape)
    return valid & (run == sizes.argmax(1)[:, None])


def fit_yaw(points: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the direction of an edge of each contour, radians in [0, pi/2), float64 (I,).

    Args:
        points: metres, float32 (I, 2, K); what is not valid repeats a point that is.
        valid: which of them count, bool (I, K), at least one each.
    """
    weight = valid.astype(np.float32)
    # Every second direction is enough to begin with; a point counts once for each that repeats it.
    half = np.ascontiguousarray(points[:, :, ::2])
    yaw = _COARSE[_closeness(half, np.ones_like(half[:, 0]), _COARSE_AXES).argmax(1)]
    fine = yaw[:, None] + _FINE
    best = _closeness(points, weight, _axes_of(fine)).argmax(1)
    return np.mod(fine[np.arange(len(fine)), best], np.pi / 2)


def _closeness(points: np.ndarray, weight: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return how close the points (I, 2, K) lie to the edges at A yaws, (I, A)."""
    gap = _to_edge(axes @ points, weight)                                   # (I, 2 A, K)
    count = gap.shape[1] // 2
    gap = np.minimum(gap[:, :count], gap[:, count:])                        # (I, A, K)
    gap += _CLOSEST_M
    return _weighted(np.reciprocal(gap, out=gap), weight)


def _to_edge(c: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the distances to that edge which the points are nearer to, (I, A, K)."""
    trim = c.shape[2] // _TRIMMED
    ends = np.sort(c, 2)                # float32 is sorted faster than partitioned
    low, high = ends[:, :, trim], ends[:, :, -1 - trim]         # (I, A)
    # The sum of (c - low)^2 is below that of (high - c)^2 where the mean is below the middle.
    mean = _weighted(c, weight) / weight.sum(1)[:, None]
    c -= np.where(mean * 2 <= low + high, low, high)[:, :, None]
    return np.abs(c, out=c)


def _weighted(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum values (I, A, K) with weights (I, K), (I, A)."""
    return (values @ weight[:, :, None])[:, :, 0]
