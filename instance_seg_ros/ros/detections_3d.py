# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``~/detections_3d`` of one camera: from camera_info and a ground plane or a depth image."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

from ..core.instances import Instance, InstanceMap
from ..node_config.builders import depth_topic
from ..node_config.parameters import CameraSettings
from ..perception.positions import Placed, in_depth, on_ground, pinhole_of
from .messages import stamp_ns

_SAME_MOMENT_NS = 50_000_000


class Placement:
    """Keeps the latest camera_info and depth images of a camera while the node is active."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._info: CameraInfo | None = None
        self._depths: deque[Image] = deque(maxlen=5)
        self._subscriptions: list[Any] = []
        self._logger: Any = None
        self._frames_told = False

    def subscribe(self, node: LifecycleNode, camera: str, image_topic: str,
                  settings: CameraSettings) -> None:
        """Listen to camera_info beside a camera's image and, if asked, to its depth image."""
        self._logger = node.get_logger()
        if settings.detections_3d == 'off':
            return
        base = image_topic.removesuffix('/compressed').rpartition('/')[0]
        self._subscriptions.append(node.create_subscription(
            CameraInfo, settings.camera_info_topic or f'{base}/camera_info', self._on_info,
            qos_profile_sensor_data))
        if settings.detections_3d == 'depth':
            self._subscriptions.append(node.create_subscription(
                Image, depth_topic(camera, settings), self._on_depth, qos_profile_sensor_data))

    def unsubscribe(self, node: LifecycleNode) -> None:
        """Stop listening and forget what was heard."""
        for subscription in self._subscriptions:
            node.destroy_subscription(subscription)
        self._subscriptions, self._info = [], None
        self._depths.clear()

    def _on_info(self, message: CameraInfo) -> None:
        self._info = message

    def _on_depth(self, message: Image) -> None:
        with self._lock:
            self._depths.append(message)

    def to_message(self, found: InstanceMap, header: Header,
                   settings: CameraSettings) -> Detection3DArray:
        """Return the instances whose place is known, with the ids of ``~/detections``."""
        pinhole = pinhole_of(self._info, found)
        depth = self._depth_with(header) if settings.detections_3d == 'depth' else None

        def place(instance: Instance) -> Placed | None:
            if pinhole is None:
                return None
            if settings.detections_3d == 'ground':
                return on_ground(instance, pinhole, settings.camera_height_m,
                                 math.radians(settings.camera_pitch_deg))
            if depth is None or depth.shape != found.instance_mask.shape:
                return None
            return in_depth(instance, found, depth, pinhole)

        placed = ((instance, place(instance)) for instance in found.instances)
        return Detection3DArray(header=header, detections=[
            _to_detection(instance, where, header) for instance, where in placed if where])

    def _depth_with(self, header: Header) -> np.ndarray | None:
        def distance_ns(depth: Image) -> int:
            return abs(stamp_ns(depth.header) - stamp_ns(header))

        with self._lock:
            nearest = min(self._depths, key=distance_ns, default=None)
        if nearest is None or distance_ns(nearest) > _SAME_MOMENT_NS:
            return None
        self._compare_frames(nearest.header.frame_id, header.frame_id)
        return depth_in_metres(nearest)

    def _compare_frames(self, depth: str, image: str) -> None:
        if depth != image and not self._frames_told:
            self._frames_told = True
            self._logger.warning(
                f'the depth image is of the frame {depth!r}, the image of {image!r}: if they are '
                'not of the same view, set the parameter depth_topic')


def depth_in_metres(message: Image) -> np.ndarray | None:
    """Return a depth image (REP 118: 32FC1 in metres, 16UC1 in millimetres), None for others."""
    kinds = {'32FC1': ('f4', 1.0), '16UC1': ('u2', 0.001), 'mono16': ('u2', 0.001)}
    if message.encoding not in kinds:
        return None
    code, scale = kinds[message.encoding]
    dtype = np.dtype(code).newbyteorder('>' if message.is_bigendian else '<')
    if len(message.data) < message.step * message.height or \
            message.step < message.width * dtype.itemsize:
        return None
    values = np.ndarray((message.height, message.width), dtype, message.data,
                        strides=(message.step, dtype.itemsize))
    return values.astype(np.float32) * scale


def _to_detection(instance: Instance, placed: Placed, header: Header) -> Detection3D:
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = instance.label
    result.hypothesis.score = float(instance.score)
    detection = Detection3D(header=header, id=str(instance.id), results=[result])
    for pose in (detection.bbox.center, result.pose.pose):
        pose.position.x, pose.position.y, pose.position.z = placed.center
        pose.orientation.w = 1.0
    detection.bbox.size.x, detection.bbox.size.y, detection.bbox.size.z = placed.size
    return detection
