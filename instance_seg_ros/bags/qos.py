# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""QoS profiles as stored in bags."""

from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

FOREVER = QosTime(9223372036, 854775807)
"""What ROS means by no deadline, no end of life and no lease."""


def profile(depth: int, reliability: QosReliability = QosReliability.RELIABLE,
            durability: QosDurability = QosDurability.VOLATILE,
            history: QosHistory = QosHistory.KEEP_LAST,
            liveliness: QosLiveliness = QosLiveliness.AUTOMATIC, avoid_names: bool = False) -> Qos:
    """Return a profile without time limits."""
    return Qos(history, depth, reliability, durability, FOREVER, FOREVER, liveliness, FOREVER,
               avoid_names)
