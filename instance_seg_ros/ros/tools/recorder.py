# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recording topics into a bag, messages as they come over the wire."""

import time
from collections import Counter
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from ...bags import BagWriter, Topic
from ...core.errors import UserError
from ..installed_messages import message_class
from . import topic_types as raw

DEPTH = 100
DISCOVERY_S = 0.1
FLUSH_S = 1.0
"""What was recorded longer ago than this survives the process."""


class Recorder:
    """Subscribes to every topic that ``wanted`` accepts, as soon as it has a publisher.

    Args:
        on_message: called with topic, serialized message and time of arrival in nanoseconds, in
            the thread that serves the node.
        now: time of arrival, in nanoseconds; 0 while a simulated clock has not begun.
    """

    def __init__(self, node: Node, writer: BagWriter, wanted: Callable[[str], bool],
                 on_message: Callable[[Topic, bytes, int], None] = lambda *_: None,
                 now: Callable[[], int] = time.time_ns):
        self.counts: Counter[str] = Counter()
        self._now = now
        self._early: list[tuple[Topic, bytes]] = []
        self._node, self._writer = node, writer
        self._wanted, self._on_message = wanted, on_message
        self._subscriptions: dict[str, Subscription] = {}
        # Steady time: a simulated clock may not have begun, and the node must be found before.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(DISCOVERY_S, self._discover, clock=steady)
        self._flushed = 0
        self._flush_timer = node.create_timer(FLUSH_S, self._flush, clock=steady)

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics that are being recorded."""
        return tuple(self._subscriptions)

    def close(self) -> None:
        """Record what has arrived and waits to be served, then stop; not while the node spins.

        The writer stays with who opened it.
        """
        self._node.destroy_timer(self._timer)
        self._node.destroy_timer(self._flush_timer)
        for subscription in self._subscriptions.values():
            _serve_waiting(subscription)
            self._node.destroy_subscription(subscription)
        if self._early:         # the clock never began
            self._write(time.time_ns())

    def _write(self, stamp: int) -> None:
        """Write what has arrived, and what came before a simulated clock began."""
        for topic, data in self._early:
            self._writer.write(topic, stamp, data)
            self.counts[topic.name] += 1
            self._on_message(topic, data, stamp)
        self._early.clear()

    def _flush(self) -> None:
        """Make what arrived since the last time readable even if this process is killed."""
        if self.counts.total() != self._flushed:
            self._flushed = self.counts.total()
            self._writer.flush()

    def _discover(self) -> None:
        found = [(name, types[0]) for name, types in self._node.get_topic_names_and_types()
                 if name not in self._subscriptions and self._wanted(name)]
        # The latched topic last: when its message arrives, its publisher's process has seen the
        # subscriptions that were made before, so that no first message of those is missed.
        for name, type_name in sorted(found, key=lambda f: (f[0].endswith('/label_info'), f[0])):
            self._subscribe(name, type_name)

    def _subscribe(self, name: str, type_name: str) -> None:
        publishers = self._node.get_publishers_info_by_topic(name)
        kind = message_class(type_name)
        if not publishers or kind is None:
            return
        offered = [publisher.qos_profile for publisher in publishers]
        topic = Topic.of(name, type_name, tuple(dict.fromkeys(map(raw.recorded, offered))))
        _require_hash(topic, publishers[0])
        self._writer.add_topic(topic)

        def record(data: bytes) -> None:
            self._early.append((topic, data))
            stamp = self._now()
            if stamp > 0:
                self._write(stamp)

        self._subscriptions[name] = self._node.create_subscription(
            kind, name, record, raw.request(offered, DEPTH), raw=True)


def _serve_waiting(subscription: Subscription) -> None:
    with subscription.handle:
        while taken := subscription.handle.take_message(subscription.msg_type, subscription.raw):
            subscription.callback(taken[0])


def _require_hash(topic: Topic, publisher: TopicEndpointInfo) -> None:
    """Compare the definition that is written into the bag with what is on the wire."""
    live = str(getattr(publisher, 'topic_type_hash', '') or '')  # not available on Humble
    if live.startswith('RIHS01_') and topic.type_hash and live != topic.type_hash:
        raise UserError(f'{topic.name} is published as another {topic.type} ({live}) than the '
                        f'one known here ({topic.type_hash}); install matching packages.')
