# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The working parts against a device that hangs, a configure that fails and a changed QoS."""

import sys
import threading

import pytest

pytest.importorskip('rclpy')

from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from ros.fakes import FakeSegmenter  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from instance_seg_ros.ros import node as node_module  # noqa: E402

pytestmark = pytest.mark.ros
PATIENCE_S = 60.0
SUCCESS, FAILURE, ERROR = (TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
                           TransitionCallbackReturn.ERROR)


def bright_image():
    image = Image(height=4, width=6, encoding='rgb8', step=18)
    image.data.frombytes(bytes([1]) * 72)
    return image


class Stuck(FakeSegmenter):
    """Does not come back from a call with an image that is not black until it is let go."""

    def __init__(self, settings, device):
        super().__init__(settings, device)
        self.called, self.let_go, self.back = (threading.Event() for _ in range(3))

    def _obey(self, order):
        if order:
            self.thread = threading.current_thread()
            self.called.set()
            self.let_go.wait(10)
            self.back.set()


@pytest.fixture
def stuck_node(make_node, monkeypatch):
    """Yield an active node, its networks, and the call in which the first of them is."""
    for name in ('_STOP_TIMEOUT_S', '_END_TIMEOUT_S'):
        monkeypatch.setattr(node_module, name, 0.1)
    segmenters = []

    def load(*arguments):
        segmenters.append(Stuck(*arguments))
        return segmenters[-1]

    node = make_node(load=load)
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    node._runtime.cameras['']._on_message(bright_image())
    assert segmenters[0].called.wait(PATIENCE_S)
    yield node, segmenters
    segmenters[0].let_go.set()
    segmenters[0].thread.join(PATIENCE_S)
    counts = node._runtime.cameras[''].ledger.counts()
    assert (counts.held, counts.published, counts.dropped['deactivated']) == (0, 0, 1)


def test_a_call_that_hangs_holds_up_neither_deactivate_nor_the_next_configure(stuck_node):
    node, segmenters = stuck_node
    assert node.trigger_deactivate() == ERROR and node.state == 'unconfigured'
    assert 'timed out after 0 s waiting for the inference thread' in node._health.trouble
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    assert len(segmenters) == 2 and not segmenters[0].back.is_set()


def test_a_call_that_hangs_does_not_hold_up_the_end(stuck_node):
    node, segmenters = stuck_node
    node.end()
    assert node.state == 'finalized' and not segmenters[0].back.is_set()


def test_a_fault_while_the_node_is_deactivated_is_reported(make_node):
    """The executor has had no time to handle it before deactivate was asked for."""
    class Broken(FakeSegmenter):
        def _obey(self, order):
            if order:
                raise ZeroDivisionError('a bug')

    node = make_node(load=Broken)
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    node._runtime.cameras['']._on_message(bright_image())
    node._runtime._pipeline._thread.join(PATIENCE_S)
    assert node.state == 'active'       # no executor spins: the fault is pending
    assert node.trigger_deactivate() == ERROR and node.state == 'unconfigured'
    assert (node._health.errors, node._health.last_error) == (1, 'ZeroDivisionError: a bug')
    assert node._health.trouble == 'segmentation failed: ZeroDivisionError: a bug'
    node._handle_fault()                # the executor's turn comes: it is not counted again
    assert node._health.errors == 1


def test_a_fault_ends_in_unconfigured_once(make_node):
    """Also when deactivate is waiting for the call that fails."""
    class Late(Stuck):
        def _obey(self, order):
            super()._obey(order)
            if order:
                raise ZeroDivisionError('a late bug')

    segmenters = []
    node = make_node(load=lambda *arguments: segmenters.append(Late(*arguments))
                     or segmenters[-1])
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    node._runtime.cameras['']._on_message(bright_image())
    assert segmenters[0].called.wait(PATIENCE_S)
    closed = node._runtime._pipeline.batcher.close

    def close():
        segmenters[0].let_go.set()
        return closed()

    node._runtime._pipeline.batcher.close = close
    assert node.trigger_deactivate() == ERROR
    assert node._health.last_error == 'ZeroDivisionError: a late bug'


def test_a_configure_that_fails_leaves_no_topic_behind(make_node, monkeypatch):
    monkeypatch.setitem(sys.modules, 'visualization_msgs.msg', None)
    node = make_node('-p', 'cameras:=[front, left]', '-p', 'left.detections_3d:=ground',
                     '-p', 'left.markers:=true')
    before = [publisher.topic_name for publisher in node.publishers]
    for _ in range(2):
        assert node.trigger_configure() == FAILURE
        assert 'visualization_msgs, which is not installed' in node._health.trouble
        assert [publisher.topic_name for publisher in node.publishers] == before


def reliability(node):
    """Activate a node, and bring it back."""
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    name = node._runtime.cameras[''].subscription.qos_profile.reliability.name
    assert node.trigger_deactivate() == node.trigger_cleanup() == SUCCESS
    return name


def test_each_configure_takes_over_the_qos(make_node):
    node = make_node()
    assert reliability(node) == 'BEST_EFFORT'
    assert node.set_parameters([Parameter('qos', value='reliable')])[0].successful
    assert reliability(node) == 'RELIABLE'


def test_an_override_has_the_last_word_on_the_qos(make_node):
    node = make_node('-p', 'qos:=reliable', '-r', 'image_raw:=/front/image',
                     '-p', 'qos_overrides./front/image.subscription.reliability:=best_effort')
    assert reliability(node) == reliability(node) == 'BEST_EFFORT'


def test_the_network_is_warmed_up_in_the_thread_that_configures(make_node):
    """OpenMP threads must not busy-wait: they would stall next to other processes."""
    threads = []

    class Watched(FakeSegmenter):
        def warm_up(self, batch_size=1):
            threads.append(threading.current_thread())
            super().warm_up(batch_size)

    node = make_node(load=Watched)
    assert node.trigger_configure() == SUCCESS
    assert threads == [threading.current_thread()]
