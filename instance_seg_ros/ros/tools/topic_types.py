# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Types and QoS profiles of topics whose messages stay serialized."""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability

from ...bags import qos

DEFAULT_DEPTH = 10


def offer(recorded: tuple[Qos, ...]) -> QoSProfile:
    """Return the profile with which to publish again what was recorded with these.

    Reliability, durability and depth are kept; deadlines, lifespans and liveliness described
    the publisher that was. Publishers that differed become the weakest that all of them are.
    """
    reliable = all(q.reliability is not QosReliability.BEST_EFFORT for q in recorded)
    latched = recorded and all(q.durability is QosDurability.TRANSIENT_LOCAL for q in recorded)
    return QoSProfile(
        depth=max((q.depth for q in recorded if q.depth), default=DEFAULT_DEPTH),
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE))


def request(offered: list[QoSProfile], depth: int) -> QoSProfile:
    """Return the strictest profile that matches all that publishers offer."""
    reliable = all(q.reliability == ReliabilityPolicy.RELIABLE for q in offered)
    latched = all(q.durability == DurabilityPolicy.TRANSIENT_LOCAL for q in offered)
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(DurabilityPolicy.TRANSIENT_LOCAL if offered and latched
                    else DurabilityPolicy.VOLATILE))


def recorded(live: QoSProfile) -> Qos:
    """Return a live publisher's profile in the form of bags."""
    return qos.profile(
        live.depth, QosReliability(int(live.reliability)), QosDurability(int(live.durability)),
        QosHistory(int(live.history)), QosLiveliness(int(live.liveliness)),
        live.avoid_ros_namespace_conventions)
