# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The end of the node's process: quick, with status 0, nothing half done and nothing left."""

import signal
import threading

import pytest
import shared_memory

pytest.importorskip('rclpy')

from rclpy.qos import QoSProfile  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from vision_msgs.msg import Detection2DArray  # noqa: E402

from instance_seg_ros.inference.checkpoint import random_checkpoint  # noqa: E402

pytestmark = pytest.mark.ros
WAYS = {'interrupted': signal.SIGINT, 'terminated': signal.SIGTERM,
        'context shut down': signal.SIGUSR1}
STATES = {'unconfigured': (), 'inactive': ('configure',), 'active': ('configure', 'activate'),
          'cleaned up': ('configure', 'activate', 'deactivate', 'cleanup'),
          'finalized': ('configure', 'shutdown inactive')}
EVERYTHING = QoSProfile(depth=1000)


def ends_well(node, way):
    segments, before = node.shared_memory, len(node.log)
    status, seconds = node.end(WAYS[way])
    assert (status, 'Traceback' in node.log[before:]) == (0, False), node.log
    assert seconds < 10, node.log       # next to other tests on two cores
    assert segments and not any(segment.exists() for segment in segments)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('state', STATES)
def test_in_every_state(start_node, car, state, way):
    node = start_node()
    for transition in STATES[state]:
        assert car.change(transition)
    assert car.state == state.replace('cleaned up', 'unconfigured')
    ends_well(node, way)


@pytest.mark.parametrize('way', WAYS)
def test_while_it_waits_to_recover(start_node, car, way):
    node = start_node({'autostart': True, 'retry_backoff_s': 60.0})
    car.send(car.image(202))
    node.wait_for_log('retrying configure in')
    ends_well(node, way)


def test_what_a_killed_node_leaves_behind_is_recognised(start_node, car):
    nodes = [start_node(), start_node({}, '-r', '__node:=other')]
    for node in ('/instance_seg', '/other'):
        car.until(lambda node=node: car.node.count_publishers(f'{node}/transition_event'))
    segments = [node.shared_memory for node in nodes]
    nodes[0].end(signal.SIGKILL)
    left = set(shared_memory.abandoned())
    assert segments[0] <= left and not segments[1] & left
    shared_memory.remove(segments[0])
    assert not segments[0] & set(shared_memory.abandoned())


@pytest.fixture
def stream(car):
    """Return ``stream(size)``, which publishes images as fast as a fast camera until the end."""
    stop, threads = threading.Event(), []

    def start(size):
        publisher, image = car.publisher(), car.image(size=size)

        def run():
            while not stop.wait(0.02):
                image.header.stamp = car.node.get_clock().now().to_msg()
                publisher.publish(image)

        threads.append(threading.Thread(target=run))
        threads[0].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def last_stamps(car):
    """Return the stamp of the last message of each topic, once all publishers are gone."""
    car.until(lambda: not any(car.node.count_publishers(f'/instance_seg/{t}') for t in car.heard))
    return {(m[-1].header.stamp.sec, m[-1].header.stamp.nanosec) for m in car.heard.values()}


@pytest.mark.parametrize('way', ('interrupted', 'terminated'))
def test_the_last_frame_is_published_whole(start_node, car, stream, way):
    node = start_node({'autostart': True})
    for topic, kind in (('instance_mask', Image), ('class_mask', Image),
                        ('detections', Detection2DArray)):
        car.hear(topic, kind, EVERYTHING)
    stream((320, 240))
    car.wait_for(lambda: min(map(len, car.heard.values())) > 10)
    ends_well(node, way)
    assert len(last_stamps(car)) == 1


@pytest.fixture
def start_real(start_node, tmp_path):
    """Return ``start(parameters)`` for a node with ENet at 192 x 96 on the CPU."""
    path = tmp_path / 'untrained.safetensors'
    random_checkpoint(input_size=(192, 96)).save(path)

    def start(**parameters):
        return start_node({'checkpoint': str(path), 'device': 'cpu', 'threads': 1, **parameters},
                          REAL_SEGMENTER='yes')

    return start


@pytest.mark.parametrize('way', WAYS)
def test_with_the_network_at_work(start_real, car, stream, way):
    node = start_real(autostart=True)
    car.hear('instance_mask', Image)
    stream((640, 480))
    car.wait_for(lambda: len(car.heard['instance_mask']) > 3)
    ends_well(node, way)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('transitions', (('configure',), ('configure', 'activate')))
def test_with_the_network_at_rest(start_real, car, transitions, way):
    node = start_real()
    assert car.change(*transitions)
    ends_well(node, way)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('after_s', (0.0, 0.6, 1.2))
def test_while_the_network_is_being_loaded(start_real, car, way, after_s):
    node = start_real(autostart=True)
    car.until(lambda: car.node.count_publishers('/diagnostics'), every=0.02)
    threading.Event().wait(after_s)     # somewhere within the seconds that torch takes
    ends_well(node, way)
