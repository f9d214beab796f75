# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The points of a lidar with the instance and class that a camera sees them in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.instances import InstanceMap
from ..overlay import instance_color
from ..positions import Pinhole
from .projection import project
from .scan import Scan


@dataclass(frozen=True)
class LabelledPoints:
    """Points in the image.

    Attributes:
        index: place of each in the cloud, int64 (M,).
        xyz: in the camera's optical frame, metres, float32 (M, 3).
        intensity: as the driver gives it, float32 (M,).
        label: label id, uint8 (M,). instance: id, 0 for none, uint16 (M,).
        rgb: colour of the instance, else of the class, uint8 (M, 3).
    """

    index: np.ndarray
    xyz: np.ndarray
    intensity: np.ndarray
    label: np.ndarray
    instance: np.ndarray
    rgb: np.ndarray


def labelled_points(found: InstanceMap, scan: Scan, pinhole: Pinhole,
                    palette: str = 'vivid') -> LabelledPoints:
    """Label the points of a scan that an image can see; `palette` as in the overlay."""
    points = project(scan.cloud.xyz, scan.camera_from_cloud, pinhole, (found.width, found.height))
    label, instance = points.values_of(found.class_mask), points.values_of(found.instance_mask)
    rgb = found.label_set.color_table[label]
    on_instance = np.flatnonzero(instance)
    if len(on_instance):
        ids = np.array([i.id for i in found.instances])     # ascending
        colors = np.array([instance_color(i, found, palette) for i in found.instances], np.uint8)
        rgb[on_instance] = colors[np.searchsorted(ids, instance[on_instance])]
    return LabelledPoints(points.index, points.xyz, scan.cloud.intensity[points.index], label,
                          instance, rgb)
