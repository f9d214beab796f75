# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A cloud of the lidar next to an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .point_cloud import PointCloud
from .rigid_transform import RigidTransform


@dataclass(frozen=True)
class Scan:
    """The points that belong to an image.

    Attributes:
        cloud: in the sensor's frame.
        camera_from_cloud: to the camera's optical frame at the time of the image, from the
            sensor's frame at that of the cloud.
        header: std_msgs/Header of the cloud.
    """

    cloud: PointCloud
    camera_from_cloud: RigidTransform
    header: Any = None
