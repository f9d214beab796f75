# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of the messages that others are made of."""

from __future__ import annotations

from typing import Any

from ..core.instances import Instance
from ..core.stamps import NANOSECONDS

Fields = dict[str, Any]
"""Fields of a message by their ROS names."""


def header_fields(stamp_ns: int, frame_id: str = '') -> Fields:
    """Return a std_msgs/Header."""
    seconds, nanoseconds = divmod(stamp_ns, NANOSECONDS)
    return {'stamp': {'sec': seconds, 'nanosec': nanoseconds}, 'frame_id': frame_id}


def vector_fields(x: float, y: float, z: float) -> Fields:
    """Return a geometry_msgs/Point or Vector3."""
    return {'x': x, 'y': y, 'z': z}


def hypothesis_fields(instance: Instance) -> Fields:
    """Return the class and score of an instance as a vision_msgs/ObjectHypothesis."""
    return {'class_id': instance.label, 'score': float(instance.score)}
