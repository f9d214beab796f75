# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a cloud matches an image: a check that detects wrong transforms."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from ...core.instances import Instance, InstanceMap
from .ground_match import GroundMatch
from .ground_plane import GroundPlane
from .oriented_box import LidarCamera, OrientedBox
from .projection import ProjectedPoints

_RATIOS = (0.55, 1.8)
_FARTHEST_M = 40.0
_STEP_M = 1.5
_SIDE_SHARE = 0.4
_FEWEST_SURROUNDING = 4
_MOST_POINTS, _MOST_INSTANCES = 4096, 8
_SURELY_SEEN_M = 15.0
_LEAST_SHARE, _LEAST_CORRELATION = 0.5, 0.4
"""Below these, image and cloud do not agree."""


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
    nearest = {box.instance.id: box.nearest_m for box in boxes}
    votes, checked = [], []
    for instance in sorted(found.instances, key=lambda i: -i.area)[:_MOST_INSTANCES]:
        expected = foot_distance(instance, camera, ground, found.height)
        if expected is None:
            continue
        if instance.id in nearest:
            checked.append((*instance.box, nearest[instance.id], expected))
        elif expected < _SURELY_SEEN_M:
            votes.append(False)
    some = points.every(1 + len(points) // _MOST_POINTS)
    return (*votes, *_agree(np.array(checked), some, found)) if checked else tuple(votes)


def _agree(checked: np.ndarray, points: ProjectedPoints, found: InstanceMap) -> list[bool]:
    """Return the votes of the instances with enough points next to them.

    Args:
        checked: x0, y0, x1, y1, the nearest point, the expected distance, (I, 6).
        points: some points of the cloud in the image.
        found: the masks.
    """
    nearest, expected = checked[:, 4], checked[:, 5]
    surrounding, distance = _surrounding(checked[:, :4], points, found)
    apart = surrounding & (np.abs(distance - nearest.astype(np.float32)[:, None]) > _STEP_M)
    around = np.count_nonzero(surrounding, 1)
    ratio = nearest / expected
    agree = ((ratio > _RATIOS[0]) & (ratio < _RATIOS[1])
             & (2 * np.count_nonzero(apart, 1) > around))
    return agree[around >= _FEWEST_SURROUNDING].tolist()


def foot_distance(instance: Instance, camera: LidarCamera, ground: GroundPlane,
                  image_height: int) -> float | None:
    """Return the distance at which a mask's lower edge stands on the ground.

    None where it is cut off by the image, at or above the horizon, or further than 40 m.
    """
    (x0, _, x1, y1), pinhole = instance.box, camera.pinhole
    ray_x, ray_y = ((x0 + x1) / 2 - pinhole.cx) / pinhole.fx, (y1 - pinhole.cy) / pinhole.fy
    right, down, ahead = ground.up.tolist()
    slope = -(right * ray_x + down * ray_y + ahead)
    if y1 >= image_height or slope <= 0:
        return None
    distance = ground.height_m / slope * math.hypot(ray_x, 1)
    return distance if distance <= _FARTHEST_M else None


def _surrounding(boxes: np.ndarray, points: ProjectedPoints,
                 found: InstanceMap) -> tuple[np.ndarray, np.ndarray]:
    """Return which points are to the left or right of the upper half of each box, on no instance.

    Returns:
        bool (I, M) for the boxes (I, 4), and the horizontal distances, metres, (M,).
    """
    x0, y0, x1, y1 = boxes.T[:, :, None]
    side = np.maximum(4, _SIDE_SHARE * (x1 - x0))
    # Integers of the points' own type are compared several times faster than others.
    left, inner_left, inner_right, right, top, middle = np.ceil(
        [x0 - side, x0 - 1, x1, x1 + side, y0, (y0 + y1) / 2]).astype(np.int32)
    level = (points.row >= top.min()) & (points.row < middle.max())
    near = np.flatnonzero(level & (points.values_of(found.instance_mask) == 0))
    row, column, xyz = points.row[near], points.column[near], points.xyz[near]
    beside = ((column >= left) & (column < inner_left)) | ((column > inner_right)
                                                           & (column < right))
    distance = np.sqrt(xyz[:, 0] * xyz[:, 0] + xyz[:, 2] * xyz[:, 2])
    return (row >= top) & (row < middle) & beside, distance


class AlignmentMonitor:
    """Checks whether clouds match images, over the last frames.

    Two kinds of evidence, either of which suffices: the instances that could be checked, and the
    ground in the image against that in the cloud.
    """

    def __init__(self, instances: int = 60, fewest_instances: int = 12, frames: int = 20,
                 fewest_frames: int = 5) -> None:
        self._votes: deque[bool] = deque(maxlen=instances)
        self._grounds: deque[GroundMatch] = deque(maxlen=frames)
        self._fewest_instances, self._fewest_frames = fewest_instances, fewest_frames

    def add(self, votes: Sequence[bool], ground: GroundMatch | None = None) -> None:
        """Take in the evidence of one frame."""
        self._votes.extend(votes)
        if ground is not None:
            self._grounds.append(ground)

    def reset(self) -> None:
        """Forget all evidence."""
        self._votes.clear()
        self._grounds.clear()

    @property
    def share(self) -> float | None:
        """Share of the instances that agree; None where too few could be checked."""
        if len(self._votes) < self._fewest_instances:
            return None
        return sum(self._votes) / len(self._votes)

    @property
    def ground_correlation(self) -> float | None:
        """Correlation of the ground in image and cloud; None where too few frames show it."""
        if len(self._grounds) < self._fewest_frames:
            return None
        return sum(self._grounds, GroundMatch(0.0, 0.0, 0.0)).correlation

    def reasons(self) -> list[str]:
        """Return why the transform seems wrong or the clouds late; empty where they do not."""
        share, correlation = self.share, self.ground_correlation
        reasons = []
        if share is not None and share < _LEAST_SHARE:
            reasons.append(f'the points inside {1 - share:.0%} of the masks are not at the depth '
                           'of an object there')
        if correlation is not None and correlation < _LEAST_CORRELATION:
            reasons.append('the road pixels do not match the ground points of the cloud '
                           f'(correlation {correlation:.2f})')
        return reasons

    @property
    def misaligned(self) -> bool:
        """Whether there is a reason to doubt the transform."""
        return bool(self.reasons())
