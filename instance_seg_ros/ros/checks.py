# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of the ROS graph and the clock: messages with the reason and the remedy."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

from .camera_subscription import CameraSubscription

_IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')


def input_problems(node: Node, camera: CameraSubscription) -> list[str]:
    """Return the problems of a camera's input topic."""
    if camera.subscription is None:
        return []
    publishers = node.get_publishers_info_by_topic(camera.topic)
    if not publishers:
        return [f'no publisher on {camera.topic}{_image_topics(node, camera)}']
    expected = f'sensor_msgs/msg/{camera.message_type.__name__}'
    problems = []
    for publisher in publishers:
        who = f'{publisher.node_namespace.rstrip("/")}/{publisher.node_name}'
        if publisher.topic_type != expected:
            problems.append(f'type mismatch on {camera.topic}: {who} publishes '
                            f'{publisher.topic_type}, subscription {expected}; set the '
                            'parameter transport')
        elif not _compatible(publisher.qos_profile, camera.subscription.qos_profile):
            problems.append(f'incompatible QoS on {camera.topic}: {who} publishes '
                            f'{_in_words(publisher.qos_profile)}, subscription '
                            f'{_in_words(camera.subscription.qos_profile)}; set the parameter '
                            'qos, or qos_overrides')
    return problems


def clock_problems(node: Node) -> list[str]:
    """Return a problem where a simulated clock is expected and nothing publishes it."""
    if not node.get_parameter('use_sim_time').value or node.get_clock().now().nanoseconds:
        return []
    if node.count_publishers('/clock'):     # a player that is paused or waits for subscribers
        return []
    return ['use_sim_time is set, but there is no publisher on /clock; play the bag with --clock']


def name_problems(node: Node) -> list[str]:
    """Return a problem where another node has the same name and namespace."""
    own = (node.get_name(), node.get_namespace())
    if node.get_node_names_and_namespaces().count(own) < 2:
        return []
    return [f'duplicate node name {node.get_fully_qualified_name()}; stop the other node, or set '
            'a namespace']


def _image_topics(node: Node, camera: CameraSubscription) -> str:
    """Name the image topics of other nodes; the outputs of this one's cameras are left out."""
    own = node.get_name(), node.get_namespace()
    topics = [name for name, types in node.get_topic_names_and_types()
              if any(t in _IMAGE_TYPES for t in types) and name != camera.topic
              and any((publisher.node_name, publisher.node_namespace) != own
                      for publisher in node.get_publishers_info_by_topic(name))]
    return f'; image topics with a publisher: {", ".join(sorted(topics)[:8])}' if topics else ''


def _compatible(offered: QoSProfile, requested: QoSProfile) -> bool:
    compatibility, _ = qos_check_compatible(offered, requested)
    return compatibility != QoSCompatibility.ERROR


def _in_words(qos: Any) -> str:
    return f'{qos.reliability.name.lower()}, {qos.durability.name.lower()}'
