# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node says what is wrong before anyone asks: publishers that misbehave in each way."""

import time
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402

pytestmark = pytest.mark.ros
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def wait_for_words(car, words, part='camera', level=None):
    car.wait_for(lambda: words in car.status(part)[1]
                 and (level is None or car.status(part)[0] == level))


def test_image_topic_without_publisher(start_node, car):
    node = start_node({'autostart': True, 'stale_after_s': 0.3})
    car.publisher('/camera/front', connected=False)
    wait_for_words(
        car, 'no publisher on /image_raw; image topics with a publisher: /camera/front', level=2)
    wait_for_words(car, 'no image on /image_raw for')
    node.wait_for_log('no publisher on /image_raw')
    car.send_and_wait(car.image())
    car.wait_for(lambda: car.status()[0] == 0)
    time.sleep(0.3)         # the time after which a camera is stale
    wait_for_words(car, 'no image', level=3)


def test_incompatible_qos_names_both(start_node, car):
    start_node({'autostart': True, 'qos': 'reliable'})
    car.publisher(qos=BEST_EFFORT, connected=False)
    wait_for_words(car, 'incompatible QoS on /image_raw: /car publishes best_effort, volatile, '
                   'subscription reliable, volatile')
    assert car.status()[0] >= 1


def test_two_nodes_of_one_name(start_node, car):
    first, second = start_node(), start_node()
    for node in (first, second):
        node.wait_for_log('duplicate node name /instance_seg')
    second.end()
    car.wait_for(lambda: 'another node' not in car.status('node')[1])


def test_the_wrong_type_is_named(start_node, car):
    start_node({'autostart': True})
    car.publisher('/image_raw', CompressedImage, connected=False)
    wait_for_words(car, 'type mismatch on /image_raw: /car publishes '
                   'sensor_msgs/msg/CompressedImage')


def test_stamps_that_cannot_be_right(start_node, car):
    start_node({'autostart': True})
    zero, future, past = car.image(), car.image(), car.image()
    zero.header.stamp.sec = zero.header.stamp.nanosec = 0
    future.header.stamp.sec += 3600
    for message, words in ((zero, 'stamps are zero'), (future, 's in the future'),
                           (past, 'jumped back by 3600')):
        car.send_and_wait(message)
        wait_for_words(car, words, level=1)
    assert car.counts()[1] == 3


def test_a_clock_that_does_not_run(start_node, car):
    node = start_node({'autostart': True, 'use_sim_time': True})
    wait_for_words(car, 'no publisher on /clock', 'node', 1)
    node.wait_for_log('no publisher on /clock')
    masks = car.hear('instance_mask', Image)
    clock = car.node.create_publisher(Clock, '/clock', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    now = Clock()
    for loop in range(2):       # a bag which begins again
        for second in (100, 101):
            now.clock.sec = second
            clock.publish(now)
            image = car.image()
            image.header.stamp = now.clock
            car.send_and_wait(image)
        assert len(masks) == 2 * loop + 2
    wait_for_words(car, 'jumped back by 1.000 s')
    car.wait_for(lambda: car.status('node')[0] == 0)


def test_a_gpu_that_is_missing_is_a_warning(start_node, car):
    start_node({'autostart': True, 'device': 'auto'}, FAKE_DEVICE='cpu')
    wait_for_words(car, 'no GPU available: running on the CPU', 'node', 1)


def test_every_status_names_the_hardware_and_its_time(start_node, car):
    heard = car.heard['diagnostics'] = []
    car.node.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    start_node({'cameras': ['front', 'left'], 'hardware_id': 'truck 7, box 2'})
    car.until(lambda: len(heard) > 1)
    for message in heard:
        assert [s.hardware_id for s in message.status] == ['truck 7, box 2'] * 3
        assert {s.name for s in message.status} == {
            f'instance_seg: {part}' for part in ('node', 'camera front', 'camera left')}
    times = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in heard]
    assert 0.05 < (times[1] - times[0]) / 1e9 < 2


def test_outputs_of_this_node_are_no_candidates():
    """From four cameras on they would hide every real topic."""
    from instance_seg_ros.ros.checks import _image_topics
    from instance_seg_ros.ros.tools.node_process import own_domain
    from instance_seg_ros.ros.tools.session import ros_node
    camera = SimpleNamespace(topic='/image_raw')
    with own_domain() as domain, ros_node('instance_seg', domain) as node, \
            ros_node('driver', domain) as driver:
        made = [node.create_publisher(Image, f'/instance_seg/camera_{k}/overlay', 1)
                for k in range(9)]
        driver.create_publisher(Image, '/real/image_raw', 1)
        deadline = time.monotonic() + 60
        while '/real/image_raw' not in _image_topics(node, camera):
            assert time.monotonic() < deadline and made
            time.sleep(0.05)
        assert _image_topics(node, camera).endswith(': /real/image_raw')
