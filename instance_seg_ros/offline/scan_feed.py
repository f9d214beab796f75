# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clouds and transforms of a bag for the images of one camera."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..bags import Message, images
from ..bags.sources import Source
from ..core.stamps import NANOSECONDS, stamp_ns
from ..node_config.builders import cloud_topic
from ..node_config.parameter_rules import lidar_pose
from ..node_config.parameters import CameraSettings
from ..perception.frame_processor import TargetFrame
from ..perception.lidar.frame_tree import FrameTree
from ..perception.lidar.point_cloud import PointCloudError, decode_point_cloud
from ..perception.lidar.rigid_transform import RigidTransform
from ..perception.lidar.scan import Scan
from ..perception.lidar.scan_source import MissingTransform
from .stamp_feed import StampFeed

_CLOUD, _TF = 'sensor_msgs/msg/PointCloud2', 'tf2_msgs/msg/TFMessage'
_AHEAD_NS = 500_000_000
"""A transform may be recorded so long after the image whose time it is needed for."""


@dataclass(frozen=True)
class ScanPlan:
    """Where clouds and positions of a camera come from and go to, as its parameters say."""

    topic: str
    tolerance_ns: int
    extrinsics: RigidTransform | None
    target_frame: str
    fixed_frame: str

    @classmethod
    def of(cls, camera: CameraSettings) -> ScanPlan | None:
        """Return the plan of a camera, None where it needs neither clouds nor transforms."""
        wants_cloud = camera.detections_3d == 'lidar'
        if not wants_cloud and not (camera.target_frame and camera.detections_3d != 'off'):
            return None
        return cls('/' + cloud_topic(camera).lstrip('/') if wants_cloud else '',
                   round(camera.cloud_tolerance_s * NANOSECONDS),
                   lidar_pose(camera.lidar_extrinsics) if camera.lidar_extrinsics else None,
                   camera.target_frame, camera.fixed_frame)


class FoundScan(NamedTuple):
    """What belongs to an image; the cloud is not decoded yet."""

    cloud: Message | None = None
    camera_from_cloud: RigidTransform | None = None
    target: TargetFrame | None = None
    located: bool = True
    """Whether the target frame is known."""

    def scan(self) -> Scan | None:
        """Decode the cloud; None where there is none or it cannot be decoded."""
        if self.cloud is None or self.camera_from_cloud is None:
            return None
        try:
            message = images.deserialize(self.cloud.data, _CLOUD)
            return Scan(decode_point_cloud(message), self.camera_from_cloud, message.header)
        except PointCloudError:
            return None


class ScanFeed:
    """Finds cloud and transforms for images that come in the order of the bag.

    Args:
        source: the bag.
        plan: of the camera.
        interval: of the bag that is processed, nanoseconds.

    Attributes:
        misses: images without positions, by reason.
    """

    def __init__(self, source: Source, plan: ScanPlan, interval: tuple[int, int]) -> None:
        self._plan, self.misses = plan, Counter()
        begin = interval[0] - NANOSECONDS
        self._clouds = (StampFeed(source.messages([plan.topic], begin, interval[1]),
                                  plan.tolerance_ns)
                        if any(t.name == plan.topic and t.type == _CLOUD for t in source.topics)
                        else None)
        self._tree = FrameTree()
        for message in _transforms(source, '/tf_static'):
            self._add(message, static=True)
        self._moving = _transforms(source, '/tf')
        self._next = next(self._moving, None)

    def find(self, image: Message) -> FoundScan:
        """Return what belongs to an image; what is missing is counted."""
        while self._next and self._next.stamp <= image.stamp + _AHEAD_NS:
            self._add(self._next)
            self._next = next(self._moving, None)
        frame, stamp = header_frame(image.data), images.header_stamp(image.data)
        try:
            target = self._target(frame, stamp)
            if not self._plan.topic:
                return FoundScan(target=target)
            cloud = self._clouds.nearest(image) if self._clouds else None
            if cloud is None:
                return self._miss('no_cloud' if self._clouds is None else 'stamps_apart')
            return FoundScan(cloud, self._camera_from(cloud, frame, stamp), target)
        except MissingTransform:
            return self._miss('no_transform')

    def _miss(self, reason: str) -> FoundScan:
        self.misses[reason] += 1
        return FoundScan(located=False)

    def _target(self, frame: str, stamp: int) -> TargetFrame | None:
        name = self._plan.target_frame
        if not name or name == frame:
            return None
        return TargetFrame(name, self._tree.between(name, stamp, frame, stamp))

    def _camera_from(self, cloud: Message, frame: str, stamp: int) -> RigidTransform:
        if self._plan.extrinsics is not None:
            return self._plan.extrinsics
        return self._tree.between(frame, stamp, header_frame(cloud.data),
                                  images.header_stamp(cloud.data), self._plan.fixed_frame)

    def _add(self, message: Message, static: bool = False) -> None:
        for each in images.deserialize(message.data, _TF).transforms:
            t, q = each.transform.translation, each.transform.rotation
            self._tree.add(
                each.header.frame_id.lstrip('/'), each.child_frame_id.lstrip('/'),
                RigidTransform.from_quaternion((t.x, t.y, t.z), (q.x, q.y, q.z, q.w)),
                None if static else stamp_ns(each.header))


def _transforms(source: Source, topic: str) -> Iterator[Message]:
    """Yield all messages of a topic of transforms; none where the bag has no such topic."""
    if any(t.name == topic and t.type == _TF for t in source.topics):
        yield from source.messages([topic])


def header_frame(data: bytes) -> str:
    """Return the frame_id of a serialized message that begins with a header."""
    length, = struct.unpack_from('<I' if data[1] & 1 else '>I', data, 12)
    return bytes(data[16:16 + max(length - 1, 0)]).decode(errors='replace').lstrip('/')
