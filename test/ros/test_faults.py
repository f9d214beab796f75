# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What other processes on the vehicle do wrong: a subscriber that stands, a clock that jumps."""

import signal

import pytest

pytest.importorskip('rclpy')

from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

pytestmark = pytest.mark.ros
FRAMES = 40
SUBSCRIBER = """
import rclpy
from rclpy.qos import HistoryPolicy, QoSProfile
from sensor_msgs.msg import Image

rclpy.init()
node = rclpy.create_node('slow')
heard = node.create_publisher(Image, '/instance_seg/heard', 10)
everything = QoSProfile(history=HistoryPolicy.KEEP_ALL, depth=0)
for topic in ('instance_mask', 'overlay'):
    node.create_subscription(Image, f'/instance_seg/{topic}', heard.publish, everything)
rclpy.spin(node)
"""


def test_a_reliable_subscriber_that_stands_slows_nothing(start_node, start_python, domain, car):
    """It is stopped, so it neither takes nor acknowledges; others get every frame."""
    node = start_node({'autostart': True})
    slow = start_python('-c', SUBSCRIBER, ROS_DOMAIN_ID=str(domain),
                        ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')
    masks, heard = car.hear('class_mask', Image), car.hear('heard', Image)
    # There is no event for the discovery of the subscriber by the node: send until it receives.
    car.until(lambda: car.send_and_wait(car.image()) or (masks and heard))
    slow.send_signal(signal.SIGSTOP)
    before, already = car.counts()[0], len(masks)
    for _ in range(FRAMES):
        car.send_and_wait(car.image(size=(320, 240)))
    car.wait_for(lambda: len(masks) >= already + FRAMES)
    received, published, held, dropped, failed = car.counts()
    assert received == published == before + FRAMES and not held and not failed
    assert not any(dropped.values()) and car.status()[0] == 0
    # A writer that waits for a reader waits for 100 ms each time.
    assert float(car.values()['publish_ms p50']) < 100
    assert node.end()[0] == 0           # with messages that are never acknowledged
    slow.send_signal(signal.SIGCONT)


def test_jumps_of_the_clock_lose_no_frame(start_node, car):
    """The simulated time leaps by an hour, and back: only what is old at the time is dropped."""
    start_node({'autostart': True, 'use_sim_time': True, 'max_age_ms': 5000.0, 'tracking': True})
    masks = car.hear('instance_mask', Image)
    clock = car.node.create_publisher(Clock, '/clock', 1)

    def set_clock(second):
        now = Clock()
        now.clock.sec = second
        # Its subscription is best effort; the diagnostics carry the time of the node.
        car.until(lambda: clock.publish(now) or car.stamp == second)

    def send(second):
        image = car.image()
        image.header.stamp.sec, image.header.stamp.nanosec = second, 0
        car.send_and_wait(image)

    for second, stamp in ((100, 100), (3700, 100), (3700, 3700), (50, 50), (51, 51)):
        set_clock(second)
        send(stamp)
    received, published, _, dropped, failed = car.counts()
    assert (received, published) == (5, 4) and dropped['too_old'] == 1 and not failed
    car.wait_for(lambda: [mask.header.stamp.sec for mask in masks] == [100, 3700, 50, 51])
    car.wait_for(lambda: 'jumped back by 3650.000 s' in car.status()[1])
    assert 'in the future' not in car.status()[1]
