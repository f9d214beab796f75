# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Publishers of one camera's output topics; messages are built only for subscriptions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions

from ..core.errors import UserError
from ..core.labels import LabelSet
from ..messages.outputs import (
    LABEL_INFO,
    VEHICLE_POINTS,
    Output,
    lidar_cameras,
    outputs_of,
    stage_output,
)
from ..node_config.parameters import CameraSettings
from ..perception.frame_processor import ProcessedFrame
from ..perception.lidar.vehicle_cloud import VehicleCloudCollector
from .installed_messages import message_class
from .message_conversion import to_message

_DELIVERY_S = 0.3
"""Time limit for the delivery of large messages; a subscriber that died never acknowledges."""


class OutputPublisher:
    """Publisher of one output topic.

    Args:
        node: the node.
        prefix: `~/` or `~/<camera>/`.
        output: the topic.

    Raises:
        UserError: when the package of the topic's type is not installed.
    """

    def __init__(self, node: LifecycleNode, prefix: str, output: Output) -> None:
        kind = message_class(output.type)
        if kind is None:
            raise UserError(f'{output.name} needs the ROS package '
                            f'{output.type.partition("/")[0]}, which is not installed.')
        self.output, self._type = output, kind
        durability = (DurabilityPolicy.TRANSIENT_LOCAL if output.latched
                      else DurabilityPolicy.VOLATILE)
        self.publisher = node.create_lifecycle_publisher(
            kind, prefix + output.name,
            QoSProfile(depth=output.depth, durability=durability),  # rclpy writes overrides to it
            qos_overriding_options=(
                QoSOverridingOptions.with_default_policies() if output.overridable else None))

    def publish(self, *inputs: Any) -> None:
        """Publish what the topic builds from `inputs`."""
        self.publisher.publish(to_message(self._type, self.output.build(*inputs)))

    def publish_if_subscribed(self, *inputs: Any) -> None:
        """Do so only while there is a subscription."""
        if self.publisher.get_subscription_count():
            self.publish(*inputs)


class VehiclePointsPublisher:
    """Publisher of the cloud that several cameras share, from configure to cleanup.

    Args:
        node: the node.
        cameras: names of those that share it; one or none: nothing is published.
    """

    def __init__(self, node: LifecycleNode, cameras: Sequence[str]) -> None:
        self._node, self._cameras = node, cameras
        self._collector = VehicleCloudCollector(cameras)
        self._output = OutputPublisher(node, '~/', VEHICLE_POINTS) if cameras else None

    @classmethod
    def of(cls, node: LifecycleNode,
           cameras: Mapping[str, CameraSettings]) -> VehiclePointsPublisher:
        """Create it for cameras with these settings."""
        return cls(node, lidar_cameras(cameras))

    def add(self, camera: str, frame: ProcessedFrame) -> None:
        """Take in a frame; publish the clouds that are complete."""
        if self._output is None or camera not in self._cameras:
            return
        if not self._output.publisher.get_subscription_count():
            self._collector.reset()
            return
        for cloud in self._collector.add(camera, frame):
            self._output.publish(cloud)

    def destroy(self) -> None:
        """Remove the publisher."""
        if self._output is not None:
            self._node.destroy_lifecycle_publisher(self._output.publisher)
            self._output, self._cameras = None, ()


class CameraPublishers:
    """The publishers of one camera, from configure to cleanup.

    Args:
        node: the node.
        prefix: what the topics begin with: `~/` or `~/<camera>/`.
        settings: the camera's parameters.
        stages: each gets a topic ``debug/<stage>_ms``.

    Raises:
        UserError: when the package of a topic's type is not installed.
    """

    def __init__(self, node: LifecycleNode, prefix: str, settings: CameraSettings,
                 stages: list[str]) -> None:
        self._node, self._prefix = node, prefix
        self._all: list[OutputPublisher] = []
        try:
            self._outputs = [self._create(output) for output in outputs_of(settings)
                             if not output.optional or message_class(output.type)]
            self._label_info = self._create(LABEL_INFO)
            self._stages = {stage: self._create(stage_output(stage)) for stage in stages}
        except Exception:
            self.destroy()
            raise

    def _create(self, output: Output) -> OutputPublisher:
        self._all.append(OutputPublisher(self._node, self._prefix, output))
        return self._all[-1]

    def destroy(self) -> None:
        """Remove the publishers, once what they have published is delivered."""
        publishers = [each.publisher for each in self._all]
        deadline = time.monotonic() + _DELIVERY_S
        for publisher in publishers if self._node.context.ok() else ():
            left = max(0.0, deadline - time.monotonic())
            publisher.wait_for_all_acked(Duration(seconds=left))
        for publisher in publishers:
            self._node.destroy_lifecycle_publisher(publisher)

    def publish_labels(self, labels: LabelSet, threshold: float, stamp_ns: int) -> None:
        """Publish the names of the label ids, also for later subscriptions."""
        self._label_info.publish(labels, threshold, stamp_ns)

    def publish(self, frame: ProcessedFrame) -> None:
        """Publish all outputs of a frame."""
        for output in self._outputs:
            output.publish_if_subscribed(frame)

    def publish_timings(self, stages_ms: dict[str, float]) -> None:
        """Publish the time of each stage of one frame."""
        for stage, milliseconds in stages_ms.items():
            if stage in self._stages:
                self._stages[stage].publish_if_subscribed(milliseconds)
