# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a cloud matches an image: a check that detects wrong transforms."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from ...core.instances import Instance, InstanceMap
from .ground_plane import GroundPlane
from .oriented_box import LidarCamera, OrientedBox
from .projection import ProjectedPoints

_RATIOS = (0.55, 1.8)
_FARTHEST_M = 40.0
_STEP_M = 1.5
_SIDE_SHARE = 0.4
_FEWEST_SURROUNDING = 4
_MOST_POINTS = 4096
_MOST_INSTANCES = 8
_SURELY_SEEN_M = 15.0


def votes_of(boxes: Sequence[OrientedBox], points: ProjectedPoints, found: InstanceMap,
             camera: LidarCamera, ground: GroundPlane) -> tuple[bool, ...]:
    """Check the boxes of a frame against their places in the image.

    A box agrees when its distance is between 0.55 and 1.8 times that at which the lower edge of
    its mask stands on flat ground, and most points next to the upper half of its mask differ from
    it by 1.5 m or more. A cloud that is turned shows the same surface inside a mask and next to
    it, and at any distance. An instance that stands within 15 m and has no box disagrees.

    Args:
        boxes: in the camera's optical frame.
        points: the points of the cloud in the image.
        found: the instances; of many, the largest 8 are looked at.
        camera: of the image.
        ground: flat ground as the parameters say; the one fitted to a cloud turns with it.

    Returns:
        A vote for each box that can be checked.
    """
    few = points.every(1 + len(points) // _MOST_POINTS)
    free = few.values_of(found.instance_mask) == 0
    row, column = few.row[free], few.column[free]
    distance = np.hypot(few.xyz[free, 0], few.xyz[free, 2])
    nearest = {box.instance.id: box.nearest_m for box in boxes}
    votes = []
    for instance in sorted(found.instances, key=lambda i: -i.area)[:_MOST_INSTANCES]:
        expected = foot_distance(instance, camera, ground, found.height)
        if expected is None:
            continue
        if instance.id not in nearest:
            votes += [False] if expected < _SURELY_SEEN_M else []
            continue
        surrounding = distance[_surrounding(instance.box, row, column)]
        if len(surrounding) >= _FEWEST_SURROUNDING:
            apart = np.abs(surrounding - nearest[instance.id]) > _STEP_M
            votes.append(bool(_RATIOS[0] < nearest[instance.id] / expected < _RATIOS[1]
                              and 2 * np.count_nonzero(apart) > len(apart)))
    return tuple(votes)


def foot_distance(instance: Instance, camera: LidarCamera, ground: GroundPlane,
                  image_height: int) -> float | None:
    """Return the distance at which a mask's lower edge stands on the ground.

    None where it is cut off by the image, at or above the horizon, or further than 40 m.
    """
    x0, _, x1, y1 = instance.box
    ray = camera.pinhole.ray((x0 + x1) / 2, y1)
    slope = -float(ground.up @ ray)
    if y1 >= image_height or slope <= 0:
        return None
    distance = ground.height_m / slope * float(np.hypot(ray[0], ray[2]))
    return distance if distance <= _FARTHEST_M else None


def _surrounding(box: tuple[int, int, int, int], row: np.ndarray,
                 column: np.ndarray) -> np.ndarray:
    """Mark the points to the left and right of the upper half of a box."""
    x0, y0, x1, y1 = box
    side = max(4, _SIDE_SHARE * (x1 - x0))
    return ((row >= y0) & (row < (y0 + y1) / 2) & (column >= x0 - side) & (column < x1 + side)
            & ((column < x0 - 1) | (column > x1)))


class AlignmentMonitor:
    """Checks whether clouds match images, over the last instances that could be checked."""

    def __init__(self, window: int = 60, fewest: int = 12) -> None:
        self._votes: deque[bool] = deque(maxlen=window)
        self._fewest = fewest

    def add(self, votes: tuple[bool, ...]) -> None:
        """Take in the votes of one frame."""
        self._votes.extend(votes)

    def reset(self) -> None:
        """Forget all votes."""
        self._votes.clear()

    @property
    def share(self) -> float | None:
        """Share of the instances that agree; None where too few could be checked."""
        if len(self._votes) < self._fewest:
            return None
        return sum(self._votes) / len(self._votes)

    @property
    def misaligned(self) -> bool:
        """Whether most instances disagree: the transform is wrong, or the clouds are late."""
        return self.share is not None and self.share < 0.5
