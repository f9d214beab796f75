# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions for 3D positions: camera_info and depth images of one camera."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from ..node_config.builders import camera_info_topic, depth_topic
from ..node_config.parameters import CameraSettings
from ..perception.depth_image import DepthBuffer, depth_in_metres
from ..perception.frame_processor import Geometry


class GeometryInputs:
    """Keeps the latest camera_info and depth images of a camera while the node is active."""

    def __init__(self) -> None:
        self._info: CameraInfo | None = None
        self._depths = DepthBuffer()
        self._subscriptions: list[Any] = []
        self._logger: Any = None
        self._frame_id_logged = False

    def subscribe(self, node: LifecycleNode, camera: str, image_topic: str,
                  settings: CameraSettings) -> None:
        """Subscribe to what the parameter detections_3d needs."""
        self._logger = node.get_logger()
        if settings.detections_3d == 'off':
            return
        self._subscriptions.append(node.create_subscription(
            CameraInfo, camera_info_topic(image_topic, settings), self._on_info,
            qos_profile_sensor_data))
        if settings.detections_3d == 'depth':
            self._subscriptions.append(node.create_subscription(
                Image, depth_topic(camera, settings), self._on_depth, qos_profile_sensor_data))

    def unsubscribe(self, node: LifecycleNode) -> None:
        """Remove the subscriptions and what they received."""
        for subscription in self._subscriptions:
            node.destroy_subscription(subscription)
        self._subscriptions, self._info = [], None
        self._depths.clear()

    def at(self, header: Any) -> Geometry:
        """Return what is known at the time of an image; the depth image is decoded here."""
        depth = self._depths.nearest(header)
        if depth is not None:
            self._compare_frames(depth.header.frame_id, header.frame_id)
        return Geometry(self._info, None if depth is None else depth_in_metres(depth))

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
