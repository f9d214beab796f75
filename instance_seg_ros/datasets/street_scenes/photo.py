# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One finished frame: the photograph and its ground truth in Cityscapes' terms."""

from typing import NamedTuple

import cv2
import numpy as np

from . import sensor as sensors
from .renderer import FAR

BASELINE = 0.209313  # metres; Cityscapes' own
MOST = 999  # instances of one class in one image


class Photo(NamedTuple):
    """A frame and its labels.

    image (H, W, 3) uint8 RGB; instances (H, W) uint16, label id * 1000 + number or, where there
    is no single instance, the label id; labels (H, W) uint8; disparity (H, W) uint16, 256 d + 1;
    camera as Cityscapes' JSON.
    """

    image: np.ndarray
    instances: np.ndarray
    labels: np.ndarray
    disparity: np.ndarray
    camera: dict


def focal_length(width, fov):
    """Return the focal length in pixels of a horizontal field of view in degrees."""
    return width / 2 / np.tan(np.radians(fov) / 2)


def take(drawing, camera, sensor, rng, exposure=None, keep_small=False):
    """Make a Photo of a Drawing.

    Instances with fewer visible pixels than an annotator would outline lose their number,
    like Cityscapes' groups, unless `keep_small`.
    """
    light, instance, label, depth = drawing
    height, width = label.shape
    if abs(camera.distortion) > 0.004:
        maps = sensors.lens_maps((width, height), camera.fov, camera.distortion)
        light = cv2.remap(light, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        instance, label, depth = (
            cv2.remap(a.astype(np.float32), *maps, cv2.INTER_NEAREST,
                      borderMode=cv2.BORDER_REPLICATE) for a in (instance, label, depth))
    label = np.rint(label).astype(np.uint8)
    instances = instance_ids(np.rint(instance).astype(np.int32), label,
                             0 if keep_small else max(4, round(width * height * 2.5e-5)))
    focal = focal_length(width, camera.fov)
    image = sensors.develop(light, sensor, rng, exposure)
    return Photo(image, instances, label, disparity_code(depth, focal),
                 camera_json(camera, focal, width, height))


def instance_ids(instance, label, smallest=0):
    """Return label id * 1000 + number (from 0) where there is an instance, else the label id."""
    numbered = (instance > 0) & (instance <= MOST + 1)
    ids = np.where(numbered, label.astype(np.int32) * 1000 + instance - 1, label)
    if smallest:
        sizes = np.bincount(ids.reshape(-1))
        small = numbered & (sizes[ids] < smallest)
        ids = np.where(small, label, ids)
    return ids.astype(np.uint16)


def disparity_code(depth, focal):
    """Return 256 d + 1 as uint16 for depths in metres; 0 where there is no surface."""
    seen = (depth > 0.05) & (depth < FAR)
    disparity = focal * BASELINE / np.where(seen, depth, 1.0)
    return np.where(seen, np.clip(np.rint(disparity * 256 + 1), 1, 65535), 0).astype(np.uint16)


def camera_json(camera, focal, width, height):
    """Return Cityscapes' camera description (radians, metres, pixels)."""
    return {
        'extrinsic': {'baseline': BASELINE, 'pitch': float(-np.radians(camera.pitch)),
                      'roll': float(np.radians(camera.roll)), 'x': 1.5, 'y': 0.0,
                      'yaw': 0.0, 'z': camera.height},
        'intrinsic': {'fx': float(focal), 'fy': float(focal), 'u0': width / 2,
                      'v0': height / 2}}
