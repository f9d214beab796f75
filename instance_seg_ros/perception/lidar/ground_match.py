# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether ground in the image is ground in the cloud: evidence that a transform is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.instances import InstanceMap
from .ground_plane import GroundPlane
from .projection import ProjectedPoints

_GROUND_NAMES = ('road', 'sidewalk', 'pavement')
_UNCLEAR_NAMES = ('sky', 'terrain')
"""Classes that are neither flat ground nor an obstacle."""
_GROUND_M, _OBSTACLE_M = 0.3, 0.5
"""Points nearer to the plane are ground, points higher above it are obstacles."""
_FARTHEST_M = 40.0
_BANDS = 32
_FEWEST_POINTS = 100
_FEWEST_VARIANCE = 0.08
_UNCLEAR, _OBSTACLE, GROUND = range(3)


@dataclass(frozen=True)
class GroundMatch:
    """Sums over the points of a frame: ground in the image against ground in the cloud.

    Attributes:
        covariance: of the two.
        image: variance of the first.
        cloud: variance of the second.
    """

    covariance: float
    image: float
    cloud: float

    def __add__(self, other: GroundMatch) -> GroundMatch:
        """Pool two frames."""
        return GroundMatch(self.covariance + other.covariance, self.image + other.image,
                           self.cloud + other.cloud)

    @property
    def correlation(self) -> float:
        """From -1 to 1; 0 where one of them is the same everywhere."""
        return self.covariance / max((self.image * self.cloud) ** 0.5, 1e-9)


def kinds_at(points: ProjectedPoints, found: InstanceMap) -> np.ndarray:
    """Return what the image shows at each point, uint8 (M,); `GROUND` is flat ground."""
    kinds = np.full(256, _UNCLEAR, np.uint8)                    # also of ids without a label
    for label in found.label_set.labels:
        if label.name not in _UNCLEAR_NAMES:
            kinds[label.id] = GROUND if label.name in _GROUND_NAMES else _OBSTACLE
    return kinds.take(points.values_of(found.class_mask))


def match_ground(points: ProjectedPoints, kind: np.ndarray, image_height: int,
                 ground: GroundPlane) -> GroundMatch | None:
    """Compare the classes of the image with the heights of the points.

    Points low in the image are on the ground whatever the transform, so only points of the same
    horizontal band of the image are compared: the covariance is the one within 32 bands.

    Args:
        points: of the cloud in the image; some hundreds suffice.
        kind: what the image shows at each, as of `kinds_at`.
        image_height: pixels.
        ground: the plane in the cloud.

    Returns:
        The sums; None where the image has too little ground next to obstacles to say anything.
    """
    height = points.xyz @ ground.up.astype(np.float32) + np.float32(ground.height_m)
    low = np.abs(height) < _GROUND_M
    use = (kind != _UNCLEAR) & (low | (height > _OBSTACLE_M)) & (points.xyz[:, 2] < _FARTHEST_M)
    band = points.row * _BANDS // image_height
    code = ((band * 2 + (kind == GROUND)) * 2 + low)[use]
    counts = np.bincount(code, minlength=4 * _BANDS).reshape(_BANDS, 2, 2)
    total, image, cloud = counts.sum((1, 2)), counts[:, 1].sum(1), counts[:, :, 1].sum(1)
    share = 1 / np.maximum(total, 1)
    match = GroundMatch(float((counts[:, 1, 1] - image * cloud * share).sum()),
                        float((image * (total - image) * share).sum()),
                        float((cloud * (total - cloud) * share).sum()))
    return match if match.image >= _FEWEST_VARIANCE * max(len(code), _FEWEST_POINTS) else None
