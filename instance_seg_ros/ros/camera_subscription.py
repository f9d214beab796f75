# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One camera's input: its subscription, the accounting of its frames, and its chain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSPolicyKind, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:     # ROS 2 Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError
from sensor_msgs.msg import CompressedImage, Image

from ..core.stamps import stamp_ns
from ..monitoring.frame_ledger import FrameLedger
from ..monitoring.rates import Rate, RateLimit
from ..monitoring.stamp_monitor import StampMonitor
from ..monitoring.timings import StageTimings
from ..node_config.builders import motion_of, mount_of, placer_of, tracker_of
from ..node_config.parameters import CameraSettings
from ..perception.frame_batcher import FrameBatcher
from ..perception.frame_processor import FrameProcessor
from ..perception.image_region import ImageRegion
from ..perception.lidar.lidar_placer import LidarPlacer
from ..perception.overlay import OverlayStyle
from .geometry_inputs import GeometryInputs


@dataclass
class IncomingFrame:
    """An image message in the node, accounted for exactly once at its end.

    Attributes:
        camera: where it came from.
        message: sensor_msgs/Image or CompressedImage.
        arrived: in seconds of time.monotonic.
        settled: whether it is accounted for.
    """

    camera: CameraSubscription
    message: Any
    arrived: float
    settled: bool = False

    def drop(self, reason: str) -> None:
        """Account for it as dropped."""
        self.settled = True
        self.camera.ledger.drop(reason)

    def fail(self, kind: str, message: str) -> bool:
        """Account for it as failed; return whether it is the first failure of its kind."""
        self.settled = True
        return self.camera.note_failure(kind, message)

    def publish(self) -> None:
        """Account for it as published."""
        self.settled = True
        self.camera.ledger.publish()
        self.camera.rate_out.tick()


class CameraSubscription:
    """One camera of the node.

    Args:
        name: '' for the only camera, whose topics carry no camera's name.
        settings: its parameters.
        clock_ns: returns the node's time in nanoseconds.
    """

    def __init__(self, name: str, settings: CameraSettings,
                 clock_ns: Callable[[], int]) -> None:
        self.name, self.settings = name, settings
        self.ledger, self.timings = FrameLedger(), StageTimings()
        self.rate_in, self.rate_out = Rate(), Rate()
        self.stamps = StampMonitor(clock_ns)
        self.last_arrival: float | None = None
        self.active_since: float | None = None
        self.frame_id = ''
        self.processor = FrameProcessor()
        self.geometry = GeometryInputs()
        self.topic = ''
        self.subscription: Any = None
        self.last_failure: tuple[float, str] | None = None
        self.lost = 0
        self._limit = RateLimit()
        self._batcher: FrameBatcher | None = None

    @property
    def prefix(self) -> str:
        """Prefix of its output topics."""
        return f'~/{self.name}/' if self.name else '~/'

    @property
    def age_s(self) -> float | None:
        """Seconds since its last frame arrived, None before the first one since activation."""
        return None if self.last_arrival is None else time.monotonic() - self.last_arrival

    @property
    def message_type(self) -> type:
        """Type of its input topic."""
        return Image if self.settings.transport == 'raw' else CompressedImage

    def update(self, settings: CameraSettings, region: ImageRegion,
               style: OverlayStyle) -> None:
        """Apply settings, and the region and overlay style built from them."""
        names = ('tracking', 'tracking_max_age_s', 'tracking_reuse_after_s')
        if any(getattr(self.settings, name) != getattr(settings, name) for name in names):
            self.processor.tracker = tracker_of(settings)
            self.processor.motion = motion_of(settings)
        if self.processor.placer is None or _placing(self.settings) != _placing(settings):
            self.processor.placer = placer_of(settings)
            if isinstance(self.processor.placer, LidarPlacer):
                self.processor.placer.counts = self.geometry.scans.misses   # of the camera
        self.processor.region = region
        self.processor.mount = mount_of(settings)
        self.geometry.update(settings)
        self.processor.overlay_style = style
        self.settings = settings

    def subscribe(self, node: LifecycleNode, batcher: FrameBatcher) -> None:
        """Subscribe; frames go to the batcher."""
        self._batcher = batcher
        self.active_since, self.last_arrival = time.monotonic(), None
        self.stamps.reset()
        self.processor.tracker = tracker_of(self.settings)  # tracks end with a pause
        self.processor.motion = motion_of(self.settings)
        qos = QoSProfile(
            history=qos_profile_sensor_data.history, depth=1,
            reliability=ReliabilityPolicy[self.settings.qos.upper()])
        events = SubscriptionEventCallbacks(message_lost=self._on_lost)
        try:
            self.subscription = self._subscription(node, qos, event_callbacks=events)
        except UnsupportedEventTypeError:       # by this middleware
            self.subscription = self._subscription(node, qos)
        self.topic = self.subscription.topic_name
        self.geometry.subscribe(node, self.name, self.topic, self.settings)

    def _subscription(self, node: LifecycleNode, qos: QoSProfile, **options: Any) -> Any:
        topic = self._topic(node)
        return node.create_subscription(
            self.message_type, topic, self._on_message, qos,
            qos_overriding_options=_overridable(node, topic), **options)

    def unsubscribe(self, node: LifecycleNode) -> None:
        """Unsubscribe; a message that is already in the executor is counted as dropped."""
        self._batcher, self.active_since = None, None
        self.geometry.unsubscribe(node)
        if self.subscription is not None:
            node.destroy_subscription(self.subscription)
            self.subscription = None

    def _topic(self, node: LifecycleNode) -> str:
        topic = self.settings.topic or (f'{self.name}/image_raw' if self.name else 'image_raw')
        if self.settings.transport == 'raw':
            return topic
        # As in image_transport, a remapping of the base topic applies to its transports.
        base = node.resolve_topic_name(topic)
        return base if base.endswith('/compressed') else f'{base}/compressed'

    def _on_lost(self, event: Any) -> None:
        self.lost += event.total_count_change

    def _on_message(self, message: Any) -> None:
        now, batcher = time.monotonic(), self._batcher
        self.ledger.receive()
        self.rate_in.tick()
        self.last_arrival, self.frame_id = now, message.header.frame_id
        self.stamps.check(stamp_ns(message.header))
        frame = IncomingFrame(self, message, now)
        if batcher is None:
            frame.drop('deactivated')
        elif not self.settings.enabled:
            frame.drop('disabled')
        elif not self._limit.allows(self.settings.max_rate_hz):
            frame.drop('rate_limited')
        elif (old := batcher.put(self.name, frame)) is not None:
            old.drop('deactivated' if old is frame else 'superseded')

    def note_failure(self, kind: str, message: str) -> bool:
        """Account for a failed frame; return whether it is the first failure of its kind."""
        first = kind not in self.ledger.counts().failed
        self.ledger.fail(kind)
        self.last_failure = (time.monotonic(), f'{kind}: {message}')
        return first


def _placing(settings: CameraSettings) -> tuple:
    """Return the parameters that 3D positions are computed with."""
    return (settings.detections_3d, settings.camera_height_m, settings.camera_pitch_deg,
            settings.min_points)


def _overridable(node: LifecycleNode, topic: str) -> QoSOverridingOptions:
    """Return the policies that qos_overrides may change: reliability only where one is set."""
    kinds = [QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH]
    name = f'qos_overrides.{node.resolve_topic_name(topic)}.subscription.reliability'
    # rclpy keeps the first value in a parameter: a later change of ``qos`` would be ignored.
    if name in node._parameter_overrides:
        kinds.append(QoSPolicyKind.RELIABILITY)
    return QoSOverridingOptions(kinds)
