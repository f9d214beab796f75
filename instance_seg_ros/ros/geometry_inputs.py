# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions for 3D outputs: camera_info, depth images and clouds of one camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from ..node_config.builders import (
    camera_info_topic,
    cloud_topic,
    depth_topic,
    needs_camera_info,
)
from ..node_config.parameter_rules import lidar_pose
from ..node_config.parameters import CameraSettings
from ..perception.depth_image import TOLERANCE_S, depth_in_metres
from ..perception.frame_processor import Geometry, TargetFrame
from ..perception.lidar.rigid_transform import RigidTransform
from ..perception.lidar.scan import Scan
from ..perception.lidar.scan_source import MissingTransform, ScanSource
from ..perception.stamped_buffer import StampedBuffer
from .transforms import Transforms

_DEPTHS = 5       # depth images that are kept


class GeometryInputs:
    """Keeps the latest camera_info, depth images and clouds of a camera while the node is active.

    Attributes:
        scans: pairs clouds with images, and counts what is missing.
    """

    def __init__(self) -> None:
        self._settings = CameraSettings()
        self._info: CameraInfo | None = None
        self._depths = StampedBuffer(_DEPTHS)
        self.scans = ScanSource(self._camera_from_cloud)
        self._transforms: Transforms | None = None
        self._subscriptions: list[Any] = []
        self._logger: Any = None
        self._frame_id_logged = False

    def update(self, settings: CameraSettings) -> None:
        """Take over settings that are applied at any time."""
        self._settings = settings
        self.scans.tolerance_s = settings.cloud_tolerance_s

    def subscribe(self, node: LifecycleNode, camera: str, image_topic: str,
                  settings: CameraSettings) -> None:
        """Subscribe to what the outputs need."""
        self._logger = node.get_logger()
        self.update(settings)
        if needs_camera_info(settings):
            self._listen(node, CameraInfo, camera_info_topic(image_topic, settings),
                         self._on_info)
        if settings.detections_3d == 'depth':
            self._listen(node, Image, depth_topic(camera, settings), self._on_depth)
        if settings.detections_3d == 'lidar':
            self._listen(node, PointCloud2, cloud_topic(settings), self.scans.clouds.add)
        if settings.target_frame or (settings.detections_3d == 'lidar'
                                     and not settings.lidar_extrinsics):
            self._transforms = Transforms(node)

    def _listen(self, node: LifecycleNode, kind: type, topic: str, store: Any) -> None:
        self._subscriptions.append(
            node.create_subscription(kind, topic, store, qos_profile_sensor_data))

    def unsubscribe(self, node: LifecycleNode) -> None:
        """Remove the subscriptions and what they received."""
        for subscription in self._subscriptions:
            node.destroy_subscription(subscription)
        self._subscriptions, self._info = [], None
        self._depths.clear()
        self.scans.clouds.clear()
        self.scans.trouble = ''
        if self._transforms is not None:
            self._transforms.close()
            self._transforms = None

    def at(self, header: Any) -> Geometry:
        """Return what is known at the time of an image; its depths and cloud are decoded here."""
        target = self._target(header)
        wanted = self._settings.target_frame
        if wanted and wanted != header.frame_id and target is None:
            return Geometry()
        if self._settings.detections_3d == 'lidar':
            return Geometry(self._info, None, self._scan(header), target)
        return Geometry(self._info, self._depth(header), None, target)

    def _scan(self, header: Any) -> Scan | None:
        """Return the points of an image; None, counted, where there are none."""
        if self._info is None:
            self.scans.miss('no_camera_info')
            return None
        return self.scans.scan_of(header)

    def _depth(self, header: Any) -> np.ndarray | None:
        """Return the depths of an image in metres, (H, W); None without a depth image of it."""
        message, apart_s = self._depths.nearest(header) or (None, 0.)
        if message is None or apart_s > TOLERANCE_S:
            return None
        self._compare_frames(message.header.frame_id, header.frame_id)
        return depth_in_metres(message)

    def _target(self, header: Any) -> TargetFrame | None:
        """Return the frame of the positions; None, counted, where its transform is not known."""
        name, transforms = self._settings.target_frame, self._transforms
        if not name or name == header.frame_id or transforms is None:
            return None
        try:
            return TargetFrame(name, transforms.between(
                name, header.stamp, header.frame_id, header.stamp))
        except MissingTransform as error:
            self.scans.miss('no_transform', str(error))
            return None

    def _camera_from_cloud(self, image: Any, cloud: Any) -> RigidTransform:
        settings, transforms = self._settings, self._transforms
        if settings.lidar_extrinsics:
            return lidar_pose(settings.lidar_extrinsics)
        if transforms is None:
            raise MissingTransform(f'{image.frame_id} from {cloud.frame_id}: not subscribed')
        return transforms.between(image.frame_id, image.stamp, cloud.frame_id, cloud.stamp,
                                  settings.fixed_frame)

    def _on_info(self, message: CameraInfo) -> None:
        self._info = message

    def _on_depth(self, message: Image) -> None:
        self._depths.add(message)

    def _compare_frames(self, depth: str, image: str) -> None:
        if depth != image and not self._frame_id_logged:
            self._frame_id_logged = True
            self._logger.warning(
                f'depth frame_id {depth!r} differs from image frame_id {image!r}: if they are '
                'different views, set the parameter depth_topic')
