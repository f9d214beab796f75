# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Why nothing may be coming in: the graph and the clock, in sentences with a remedy."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

from ..messages.outputs import OUTPUTS
from .camera_subscription import CameraSubscription

_IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')


def input_problems(node: Node, camera: CameraSubscription) -> list[str]:
    """Return what is wrong with a camera's input topic; nothing when it can be heard."""
    if camera.subscription is None:
        return []
    publishers = node.get_publishers_info_by_topic(camera.topic)
    if not publishers:
        return [f'nobody publishes {camera.topic}{_topics_there_are(node, camera)}']
    expected = f'sensor_msgs/msg/{camera.message_type.__name__}'
    problems = []
    for publisher in publishers:
        who = f'{publisher.node_namespace.rstrip("/")}/{publisher.node_name}'
        if publisher.topic_type != expected:
            problems.append(f'{who} publishes {camera.topic} as {publisher.topic_type}, not as '
                            f'{expected}: set the parameter transport')
        elif not _compatible(publisher.qos_profile, camera.subscription.qos_profile):
            problems.append(f'{who} offers {camera.topic} as {_in_words(publisher.qos_profile)}, '
                            f'we ask for {_in_words(camera.subscription.qos_profile)}, which do '
                            'not match: set the parameter qos, or qos_overrides')
    return problems


def clock_problems(node: Node) -> list[str]:
    """Return that the simulated clock is not running, if so."""
    if not node.get_parameter('use_sim_time').value or node.get_clock().now().nanoseconds:
        return []
    return ['use_sim_time is set, but nobody publishes /clock: play the bag with --clock']


def name_problems(node: Node) -> list[str]:
    """Return that the node's name is taken twice, if so: its services and topics then mix."""
    own = (node.get_name(), node.get_namespace())
    if node.get_node_names_and_namespaces().count(own) < 2:
        return []
    return [f'another node is named {node.get_fully_qualified_name()} too: end it, or give this '
            'one a namespace']


def _topics_there_are(node: Node, camera: CameraSubscription) -> str:
    own = {node.resolve_topic_name(f'{camera.prefix}{output.name}') for output in OUTPUTS}
    topics = [name for name, types in node.get_topic_names_and_types()
              if any(t in _IMAGE_TYPES for t in types) and name not in own
              and name != camera.topic and node.count_publishers(name)]
    return f'; images are published on {", ".join(sorted(topics)[:8])}' if topics else ''


def _compatible(offered: QoSProfile, asked: QoSProfile) -> bool:
    compatibility, _ = qos_check_compatible(offered, asked)
    return compatibility != QoSCompatibility.ERROR


def _in_words(qos: Any) -> str:
    return f'{qos.reliability.name.lower()}, {qos.durability.name.lower()}'
