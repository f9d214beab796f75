# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Position and velocity of tracked objects: a Kalman filter of constant velocity.

The numbers of the image tracker decide which measurement belongs to which object, so the filter
only smooths. Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to Tracking and
Navigation", 2001, section 6.2.2: white noise acceleration. Six states in NumPy are less code than
the interface of a filter library, which would be one more package on every vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_FASTEST_MPS = 20.0
"""Deviation of an object's unknown first velocity."""
_ACCELERATION = 3.0
"""Deviation of the acceleration, m/s^2: braking and turning in traffic."""
_GATE = 25.0
"""Squared Mahalanobis distance (3 degrees of freedom: 1 in 60,000) at which a filter restarts."""


@dataclass(frozen=True)
class Motion:
    """State of one object in the frame of its measurements.

    Attributes:
        position: metres, (3,).
        velocity: metres per second, (3,).
        covariance: of position and velocity, (6, 6).
        updates: measurements so far; with one, the velocity is not known yet.
    """

    position: np.ndarray
    velocity: np.ndarray
    covariance: np.ndarray
    updates: int

    @property
    def moves(self) -> bool:
        """Whether the velocity differs from 0 by two deviations or more, and by 0.5 m/s."""
        speed = float(np.linalg.norm(self.velocity))
        if self.updates < 3 or speed < 0.5:
            return False
        direction = self.velocity / speed
        return speed > 2 * float(np.sqrt(direction @ self.covariance[3:, 3:] @ direction))


class MotionFilter:
    """Follows the objects of one camera by their numbers.

    Attributes:
        max_age: seconds after which an object that was not measured is forgotten.
    """

    def __init__(self, max_age: float = 1.0, acceleration: float = _ACCELERATION) -> None:
        """Raise ValueError for a setting that is negative."""
        if max_age < 0 or acceleration < 0:
            raise ValueError('max_age and acceleration must not be negative')
        self.max_age, self._acceleration = max_age, acceleration
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._objects: dict[int, tuple[float, Motion]] = {}
        self._now = -np.inf

    def __call__(self, stamp: float,
                 measured: Iterable[tuple[int, np.ndarray, np.ndarray]]) -> dict[int, Motion]:
        """Take in the measurements of one frame.

        Args:
            stamp: time of the frame in seconds; when it jumps back, everything is forgotten.
            measured: number, position (3,) and covariance (3, 3) of each object seen.

        Returns:
            The motion of the objects seen, by number.
        """
        if stamp < self._now:
            self.reset()
        self._now = stamp
        self._objects = {number: (last, motion) for number, (last, motion) in
                         self._objects.items() if stamp - last <= self.max_age}
        for number, position, covariance in measured:
            last, before = self._objects.get(number, (stamp, None))
            motion = _updated(before, stamp - last, position, covariance, self._acceleration)
            self._objects[number] = (stamp, motion)
        return {number: motion for number, (last, motion) in self._objects.items()
                if last == stamp}


def _updated(before: Motion | None, seconds: float, position: np.ndarray,
             covariance: np.ndarray, acceleration: float) -> Motion:
    """Predict an object by `seconds` and correct it with a measurement."""
    if before is None:
        return _first(position, covariance)
    state, spread = _predicted(before, seconds, acceleration)
    innovation = position - state[:3]
    total = spread[:3, :3] + covariance
    gain = np.linalg.solve(total, spread[:3]).T             # (6, 3)
    if innovation @ np.linalg.solve(total, innovation) > _GATE:
        return _first(position, covariance)
    state = state + gain @ innovation
    # Joseph's form stays symmetric and positive.
    keep = np.eye(6) - np.concatenate([gain, np.zeros((6, 3))], 1)
    spread = keep @ spread @ keep.T + gain @ covariance @ gain.T
    return Motion(state[:3], state[3:], spread, before.updates + 1)


def _first(position: np.ndarray, covariance: np.ndarray) -> Motion:
    spread = np.zeros((6, 6))
    spread[:3, :3], spread[3:, 3:] = covariance, np.eye(3) * _FASTEST_MPS ** 2
    return Motion(np.array(position, np.float64), np.zeros(3), spread, 1)


def _predicted(motion: Motion, seconds: float,
               acceleration: float) -> tuple[np.ndarray, np.ndarray]:
    """Return state (6,) and covariance (6, 6) after `seconds` without a measurement."""
    step = np.eye(6)
    step[:3, 3:] = np.eye(3) * seconds
    push = np.concatenate([np.eye(3) * seconds ** 2 / 2, np.eye(3) * seconds])      # (6, 3)
    state = step @ np.concatenate([motion.position, motion.velocity])
    return state, step @ motion.covariance @ step.T + push @ push.T * acceleration ** 2
