# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms between frames from TF, where tf2_ros is installed."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time

from ..perception.lidar.rigid_transform import RigidTransform
from ..perception.lidar.scan_source import MissingTransform

try:
    import tf2_ros
except ImportError:         # the wheels of ROS have no tf2
    tf2_ros = None


class Transforms:
    """Looks transforms up without waiting: a frame is not held back for one that is late.

    Args:
        node: the node whose executor receives TF.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._buffer: Any = None
        self._listener: Any = None
        if tf2_ros is not None:
            self._buffer = tf2_ros.Buffer(node=node)
            self._listener = tf2_ros.TransformListener(self._buffer, node, spin_thread=False)

    def close(self) -> None:
        """Remove the subscriptions."""
        if self._listener is not None:
            self._listener.unregister()
        self._buffer = self._listener = None

    def between(self, target: str, target_stamp: Any, source: str, source_stamp: Any,
                fixed_frame: str = '') -> RigidTransform:
        """Return the transform to `target` from `source`, each at its own time.

        Args:
            target, source: names of frames.
            target_stamp, source_stamp: builtin_interfaces/Time.
            fixed_frame: frame in which the motion between both is looked up; where it is not in
                TF, or '', both are taken at the time of the source.

        Raises:
            MissingTransform: with the names and the reason.
        """
        if target == source and (target_stamp == source_stamp or not fixed_frame):
            return RigidTransform.identity()
        if self._buffer is None:
            raise MissingTransform(f'{target} from {source}: tf2_ros is not installed; set the '
                                   'parameter lidar_extrinsics')
        to_time, from_time = Time.from_msg(target_stamp), Time.from_msg(source_stamp)
        try:
            if fixed_frame and self._buffer.can_transform(target, fixed_frame, Time()):
                found = self._buffer.lookup_transform_full(
                    target, to_time, source, from_time, fixed_frame)
            else:
                found = self._buffer.lookup_transform(target, source, from_time)
        except tf2_ros.TransformException as error:
            raise MissingTransform(f'{target} from {source}: {error}') from error
        t, q = found.transform.translation, found.transform.rotation
        return RigidTransform.from_quaternion((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))
