# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scan of an image from clouds and transforms; misses are counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ..stamped_buffer import StampedBuffer
from .point_cloud import PointCloudError, decode_point_cloud
from .rigid_transform import RigidTransform
from .scan import Scan

_LONGEST = 10     # clouds, one second of a usual lidar
REASONS = {
    'no_camera_info': 'no camera_info, or an uncalibrated one',
    'no_cloud': 'no cloud has been received',
    'stamps_apart': 'the nearest cloud is too far from the image in time',
    'no_transform': 'no transform between the frames',
    'bad_cloud': 'a cloud cannot be decoded',
}
"""Why a frame has no 3D positions; the keys are what is counted."""


class MissingTransform(Exception):
    """A transform is unavailable; the message has its frames and the reason."""


class ScanSource:
    """Finds the scan of an image.

    Args:
        camera_from_cloud: called with the headers of image and cloud; raises MissingTransform.
        tolerance_s: largest time between the stamps.

    Attributes:
        clouds: where messages are put.
        misses: frames without a scan, by reason.
        trouble: what was wrong with the last frame, '' for nothing.
    """

    def __init__(self, camera_from_cloud: Callable[[Any, Any], RigidTransform],
                 tolerance_s: float = 0.1) -> None:
        self._camera_from_cloud, self.tolerance_s = camera_from_cloud, tolerance_s
        self.clouds = StampedBuffer(_LONGEST)
        self.misses: Counter[str] = Counter()
        self.trouble = ''

    def scan_of(self, header: Any) -> Scan | None:
        """Return the points that belong to an image; None, counted, where there are none."""
        self.trouble = ''
        found = self.clouds.nearest(header)
        if found is None:
            self.miss('no_cloud')
            return None
        cloud, apart_s = found
        if apart_s > self.tolerance_s:
            self.miss('stamps_apart', f'{apart_s:.3f} s')
            return None
        try:
            transform = self._camera_from_cloud(header, cloud.header)
            return Scan(decode_point_cloud(cloud), transform, cloud.header)
        except MissingTransform as error:
            self.miss('no_transform', str(error))
        except PointCloudError as error:
            self.miss('bad_cloud', f'{error.kind}: {error}')
        return None

    def miss(self, reason: str, detail: str = '') -> None:
        """Count a frame without positions."""
        self.misses[reason] += 1
        self.trouble = f'no 3D positions: {REASONS[reason]}' + (f' ({detail})' if detail else '')
