# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A request for a transition that the state does not have, on every distribution of ROS 2."""

import pytest

pytest.importorskip('rclpy')

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn  # noqa: E402
from rclpy.lifecycle.node import LifecycleNodeMixin  # noqa: E402

from instance_seg_ros.ros.tools.session import spinning  # noqa: E402

pytestmark = pytest.mark.ros


def change_state_of_humble(self, transition_id):
    """Do what rclpy's method of Humble and Jazzy does: let the errors of rcl through."""
    machine, execute = self._state_machine, self._LifecycleNodeMixin__execute_callback
    before = LifecycleState(state_id=machine.current_state[0], label=machine.current_state[1])
    machine.trigger_transition_by_id(transition_id, True)
    result = execute(machine.current_state[0], before)
    machine.trigger_transition_by_label(result.to_label(), True)
    if result == TransitionCallbackReturn.ERROR:
        after_error = execute(machine.current_state[0], before)
        machine.trigger_transition_by_label(after_error.to_label(), True)
    return result


@pytest.mark.parametrize('change_state', (None, change_state_of_humble),
                         ids=('installed', 'humble'))
def test_it_is_refused_and_the_node_stays(make_node, car, monkeypatch, change_state):
    if change_state:
        monkeypatch.setattr(LifecycleNodeMixin, '_LifecycleNodeMixin__change_state', change_state)
    with spinning(make_node()):     # raises what a callback lets through
        assert not car.change('activate') and not car.change('shutdown active')
        assert car.state == 'unconfigured'
        assert car.change('configure', 'activate') and car.state == 'active'
        assert not car.change('configure') and car.state == 'active'
        assert car.change('deactivate', 'cleanup')
