# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One camera's output topics; a message is only made while somebody listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header
from vision_msgs.msg import Detection2DArray, Detection3DArray, LabelInfo

from ..core.instances import InstanceMap
from ..core.labels import LabelSet
from .markers import marker_array, to_markers
from .messages import to_detections, to_image, to_label_info

_DELIVERY_S = 0.3
"""How long a large message may be under way; a listener that has died never confirms it."""
_LATCHED = {'depth': 1, 'durability': DurabilityPolicy.TRANSIENT_LOCAL}


class Outputs:
    """
    The publishers of one camera, from configure to cleanup.

    :param prefix: what the topics begin with: '~/' or '~/<camera>/'.
    :param stages: the stages which get a ``debug/<stage>_ms`` topic.
    :param with_3d: whether there is a topic ``detections_3d``.
    :param with_markers: whether there is a topic ``markers``; raises UserError where its type is
        not installed.
    """

    def __init__(self, node: LifecycleNode, prefix: str, stages: list[str],
                 with_3d: bool = False, with_markers: bool = False) -> None:
        self._node = node
        self._publishers: list[Any] = []
        try:
            self._create_all(prefix, stages, with_3d, marker_array() if with_markers else None)
        except Exception:
            self.destroy()
            raise

    def _create_all(self, prefix: str, stages: list[str], with_3d: bool,
                    markers: type | None) -> None:
        self._instance_mask = self._create(Image, prefix + 'instance_mask')
        self._class_mask = self._create(Image, prefix + 'class_mask')
        self._detections = self._create(Detection2DArray, prefix + 'detections')
        self._detections_3d = (
            self._create(Detection3DArray, prefix + 'detections_3d') if with_3d else None)
        self._markers = self._create(markers, prefix + 'markers') if markers else None
        self._label_info = self._create(LabelInfo, prefix + 'label_info', **_LATCHED)
        self._overlay = self._create(Image, prefix + 'overlay')
        self._debug = {
            stage: self._create(Float32, f'{prefix}debug/{stage}_ms', overridable=False, depth=1)
            for stage in stages}

    def _create(self, message_type: type, topic: str, overridable: bool = True,
                **qos: Any) -> Any:
        publisher = self._node.create_lifecycle_publisher(
            message_type, topic,
            QoSProfile(**{'depth': 5, **qos}),      # its own: rclpy writes overrides into it
            qos_overriding_options=(
                QoSOverridingOptions.with_default_policies() if overridable else None))
        self._publishers.append(publisher)
        return publisher

    def destroy(self) -> None:
        """Remove the publishers, once what they have published is with those who listen."""
        deadline = time.monotonic() + _DELIVERY_S
        for publisher in self._publishers if self._node.context.ok() else ():
            left = max(0.0, deadline - time.monotonic())
            publisher.wait_for_all_acked(Duration(seconds=left))
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)

    def publish_labels(self, labels: LabelSet, threshold: float, header: Header) -> None:
        """Publish the names of the label ids, also for those who come later."""
        self._label_info.publish(to_label_info(labels, threshold, header))

    def publish(self, found: InstanceMap, header: Header,
                place: Callable[[], Detection3DArray],
                draw_overlay: Callable[[], np.ndarray]) -> None:
        """Publish what was found in one image; the overlay comes last, it is for people."""
        _publish(self._instance_mask, lambda: to_image(found.instance_mask, header))
        _publish(self._class_mask, lambda: to_image(found.class_mask, header))
        _publish(self._detections, lambda: to_detections(found, header))
        if self._detections_3d is not None:
            _publish(self._detections_3d, place)
        if self._markers is not None:
            _publish(self._markers, lambda: to_markers(place()))
        _publish(self._overlay, lambda: to_image(draw_overlay(), header))

    def publish_timings(self, stages_ms: dict[str, float]) -> None:
        """Publish the time of each stage of one frame."""
        for stage, milliseconds in stages_ms.items():
            if stage in self._debug:
                _publish(self._debug[stage], lambda ms=milliseconds: Float32(data=float(ms)))


def _publish(publisher: Any, make: Callable[[], Any]) -> None:
    if publisher.get_subscription_count():
        publisher.publish(make())
