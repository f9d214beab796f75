# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects built from parameters, for the node and for work without ROS."""

from __future__ import annotations

import math
from typing import Any

from ..perception.frame_processor import CameraMount, FrameProcessor
from ..perception.image_region import ImageRegion, read_ego_mask
from ..perception.lidar.lidar_placer import LidarPlacer
from ..perception.motion import MotionFilter
from ..perception.overlay import OverlayStyle
from ..perception.positions import Placer
from .parameter_rules import OVERLAY_ITEMS, check_together, check_value, parse_polygons
from .parameters import CAMERA_FIELDS, NODE_FIELDS, AllSettings, CameraSettings, NodeSettings


def all_settings(values: dict[str, Any]) -> AllSettings:
    """Return the settings of all parameters by name; raises UserError for invalid values."""
    for name, value in values.items():
        check_value(name, value)
    node = NodeSettings(**{name: values[name] for name in NODE_FIELDS})
    cameras = {camera: CameraSettings(**{
        name: values[f'{camera}.{name}' if camera else name] for name in CAMERA_FIELDS})
        for camera in node.cameras or ('',)}
    settings = AllSettings(node, cameras)
    check_together(settings)
    return settings


def processor_of(camera: CameraSettings, style: OverlayStyle) -> FrameProcessor:
    """Build the chain of a camera; raises UserError for an unreadable ego mask."""
    return FrameProcessor(region_of(camera), tracker_of(camera), placer_of(camera), style,
                          motion_of(camera), mount_of(camera))


def region_of(camera: CameraSettings) -> ImageRegion:
    """Build the region to segment; raises UserError for an unreadable ego mask."""
    text = camera.ego_mask
    mask = (None if not text else read_ego_mask(text) if text.lower().endswith('.png')
            else parse_polygons(text))
    return ImageRegion(camera.roi, camera.rotation, mask)


def tracker_of(camera: CameraSettings) -> Any:
    """Build a tracker, None without tracking."""
    if not camera.tracking:
        return None
    from ..perception.tracking.tracker import Tracker  # SciPy takes time to import
    return Tracker(camera.tracking_max_age_s, camera.tracking_reuse_after_s)


def motion_of(camera: CameraSettings) -> MotionFilter | None:
    """Build the filter of positions, None where objects are not tracked in metres."""
    if not camera.tracking or camera.detections_3d == 'off':
        return None
    return MotionFilter(camera.tracking_max_age_s)


def mount_of(camera: CameraSettings) -> CameraMount:
    """Return where the camera is mounted."""
    return CameraMount(camera.camera_height_m, math.radians(camera.camera_pitch_deg))


def placer_of(camera: CameraSettings) -> Placer | LidarPlacer | None:
    """Build what computes 3D positions, None where none are wanted."""
    if camera.detections_3d == 'off':
        return None
    if camera.detections_3d == 'lidar':
        return LidarPlacer(camera.camera_height_m, camera.camera_pitch_deg, camera.min_points)
    return Placer(camera.detections_3d, camera.camera_height_m, camera.camera_pitch_deg)


def overlay_style(settings: NodeSettings) -> OverlayStyle:
    """Build the style of the overlay."""
    return OverlayStyle(
        palette=settings.overlay_palette, opacity=settings.overlay_opacity,
        background=settings.overlay_background,
        **{item: item in settings.overlay_items for item in OVERLAY_ITEMS})


def depth_topic(name: str, camera: CameraSettings) -> str:
    """Return the topic of a camera's depth images, relative or absolute."""
    return camera.depth_topic or (f'{name}/depth' if name else 'depth')


def camera_info_topic(image_topic: str, camera: CameraSettings) -> str:
    """Return the topic of a camera's intrinsics; by default next to its images."""
    base = image_topic.removesuffix('/compressed').rpartition('/')[0]
    return camera.camera_info_topic or f'{base}/camera_info'


def needs_camera_info(camera: CameraSettings) -> bool:
    """Whether an output of a camera needs its intrinsics."""
    return camera.detections_3d != 'off' or camera.free_space


def cloud_topic(camera: CameraSettings) -> str:
    """Return the topic of the lidar, relative or absolute."""
    return camera.cloud_topic or 'points'


def input_topic(name: str, camera: CameraSettings) -> str:
    """Return the topic of a camera's images as it is subscribed to, relative or absolute."""
    topic = camera.topic or (f'{name}/image_raw' if name else 'image_raw')
    if camera.transport == 'raw' or topic.endswith('/compressed'):
        return topic
    return f'{topic}/compressed'
