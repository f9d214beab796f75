# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of messages that are parts of others."""

from __future__ import annotations

from typing import Any

from ..core.instances import Instance
from ..core.stamps import NANOSECONDS
from ..perception.positions import Position3D

Fields = dict[str, Any]
"""Fields of a message by their ROS names."""


def header_fields(stamp_ns: int, frame_id: str = '') -> Fields:
    """Return a std_msgs/Header."""
    seconds, nanoseconds = divmod(stamp_ns, NANOSECONDS)
    return {'stamp': {'sec': seconds, 'nanosec': nanoseconds}, 'frame_id': frame_id}


def vector_fields(x: float, y: float, z: float) -> Fields:
    """Return a geometry_msgs/Point or Vector3."""
    return {'x': x, 'y': y, 'z': z}


def quaternion_fields(x: float, y: float, z: float, w: float) -> Fields:
    """Return a geometry_msgs/Quaternion."""
    return {'x': x, 'y': y, 'z': z, 'w': w}


def pose_fields(position: Position3D) -> Fields:
    """Return a geometry_msgs/Pose of a box."""
    pose: Fields = {'position': vector_fields(*position.center)}
    if position.rotation is not None:
        pose['orientation'] = quaternion_fields(*position.quaternion)
    return pose


def hypothesis_fields(instance: Instance) -> Fields:
    """Return the class and score of an instance as a vision_msgs/ObjectHypothesis."""
    return {'class_id': instance.label, 'score': float(instance.score)}
