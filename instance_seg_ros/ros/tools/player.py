# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Publishes a bag with its recorded timing."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from ...bags.images import NANOSECONDS
from ...bags.playback import Event
from ...bags.sources import Source
from ...bags.topics import Topic
from ...core.errors import UserError
from ...core.texts import shortened
from ...node_config.parameter_rules import is_topic_name
from ..installed_messages import message_class
from . import topic_types as raw

CLOCK = '/clock'

_log = logging.getLogger(__name__)


class Player:
    """Publishers for a source's topics; `publish` is what `playback.play` calls."""

    def __init__(self, node: Node, source: Source, topics: Collection[str] | None = None,
                 remap: Mapping[str, str] | None = None, clock: bool = False,
                 qos: QoSProfile | None = None):
        """Offer the topics.

        Args:
            topics: names of those to play; None for all.
            remap: names under which topics are published instead of their own.
            clock: publish the time on /clock, where a recorded one then is not played: two
                that differ would make the time jump.
            qos: for all topics; None for the recorded ones.

        Raises:
            UserError: when a topic to play or rename is not in the source, or none can be
                published.
        """
        self.counts: Counter[str] = Counter()
        self._node = node
        self._clock = node.create_publisher(Clock, CLOCK, 10) if clock else None
        self._publishers: dict[str, Publisher] = {}
        reasons = [f'{t.name}: its messages are {t.serialization}, not CDR'
                   for t in getattr(source, 'skipped', ())]
        _require(source, {*(topics or ()), *(remap or ())})
        for topic in source.topics:
            if topics is None or topic.name in topics:
                name = (remap or {}).get(topic.name, topic.name)
                if reason := self._offer(node, topic, name, qos):
                    reasons.append(f'{topic.name}: {reason}')
                    _log.warning('%s is not played: %s.', shortened(topic.name), shortened(reason))
        if not self._publishers:
            why = '; '.join(reasons[:5]) or 'it contains no topics'
            raise UserError(f'{source.path} has no topic that can be published ({why}).')

    def _offer(self, node: Node, topic: Topic, name: str, qos: QoSProfile | None) -> str:
        """Create the publisher of a topic; return the reason where that is not possible."""
        if self._clock and name == CLOCK:
            return f'the time is published on {CLOCK}'
        kind = message_class(topic.type)
        if not is_topic_name(name):
            return 'its name is not valid in ROS 2 (publish it with --remap)'
        if kind is None:
            return f'its type {topic.type} is not installed here'
        self._publishers[topic.name] = node.create_publisher(
            kind, name, qos or raw.offer(topic.qos))
        return ''

    @property
    def topics(self) -> tuple[str, ...]:
        """Names, in the source, of the topics that are published."""
        return tuple(self._publishers)

    def publish(self, event: Event) -> None:
        """Publish a message, or the time."""
        if event.message is None:
            self._publish_time(event.stamp)
            return
        name = event.message.topic.name
        self._publishers[name].publish(event.message.data)
        self.counts[name] += 1

    def _publish_time(self, stamp: int) -> None:
        if self._clock is not None:
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(stamp, NANOSECONDS)
            self._clock.publish(message)

    def wait_for_node(self, name: str, stop: threading.Event) -> None:
        """Wait until a node, by its full name, subscribes to one of the topics."""
        topics = {publisher.topic_name for publisher in self._publishers.values()}
        while not stop.wait(0.05):
            subscriptions = [info for topic in topics
                             for info in self._node.get_subscriptions_info_by_topic(topic)]
            if any(f'{info.node_namespace.rstrip("/")}/{info.node_name}' == name
                   for info in subscriptions):
                return

    def wait_for_topics(self, topics: Collection[str], stop: threading.Event) -> None:
        """Wait until each of these topics, of any node, has a subscriber."""
        while not stop.wait(0.05):
            if all(self._node.count_subscribers(topic) for topic in topics):
                return

    def wait_for_subscribers(self, seconds: float, stop: threading.Event) -> list[str]:
        """Wait until every topic has a subscriber; return those that still have none."""
        deadline = time.monotonic() + seconds
        while lacking := [name for name, publisher in self._publishers.items()
                          if not publisher.get_subscription_count()]:
            if time.monotonic() > deadline or stop.wait(0.02):
                break
        return lacking

    def finish(self, seconds: float = 2.0) -> None:
        """Wait until reliable subscribers have acknowledged the last messages."""
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=seconds))


def _require(source: Source, topics: set[str]) -> None:
    missing = topics - {t.name for t in source.topics}
    if missing:
        raise UserError(f'{source.path} has no topic {", ".join(sorted(missing))}; there are: '
                        f'{", ".join(sorted(t.name for t in source.topics)) or "none"}.')
