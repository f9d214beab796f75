# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle start-up of the node in a launch file: configure and activate, also after a respawn.

The only module that imports launch. ``LifecycleNode(autostart=True)`` of newer launch_ros does not
exist on Humble and Jazzy, and does not end the launch with an error when the node fails.
"""

from typing import Any

from launch import LaunchContext
from launch.action import Action
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, TimerAction
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.logging import get_logger, launch_config
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.ros_adapters import get_ros_node
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import GetState

CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
POLL_PERIOD_S = 0.5
RETRY_DELAY_S = 2.0


class LifecycleStartup:
    """Drives the node, and its respawned processes, to active.

    A failure of a node that has not been active before is a configuration error and ends the
    launch. A node that has been active before may lack something that can return, such as its
    device, and is retried every ``RETRY_DELAY_S``.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node, self._process = node, 0
        self._client: Any = None
        self._requests: list[Any] = []
        self._is_starting = self._was_active = False

    def actions(self) -> list[Action]:
        """Return the event handlers, to be registered before the node starts."""
        return [
            RegisterEventHandler(OnProcessStart(
                target_action=self._node, on_start=[OpaqueFunction(function=self._begin)])),
            RegisterEventHandler(OnStateTransition(
                target_lifecycle_node=self._node,
                entities=[OpaqueFunction(function=self._on_transition)]))]

    def _begin(self, context: LaunchContext) -> list[Action]:
        if self._client is None:
            self._client = get_ros_node(context).create_client(
                GetState, f'{self._node.node_name}/get_state')
        for request in self._requests:
            self._client.remove_pending_request(request)
        self._process, self._requests, self._is_starting = context.locals.event.pid, [], True
        return self._poll(context, self._process)

    def _poll(self, context: LaunchContext, process: int) -> list[Action]:
        """Request the state of the new process's node until it answers, then configure it.

        The services of a killed node stay visible for a while, and requests to them are never
        answered. ChangeState would wait for such an answer, so it must not be sent earlier.
        """
        if process != self._process:
            return []       # it has ended; its successor is polled
        if any(request.done() for request in self._requests):
            return [self._change(CONFIGURE)]
        if self._client.service_is_ready():
            self._requests.append(self._client.call_async(GetState.Request()))
        again = OpaqueFunction(function=self._poll, args=[process])
        return [TimerAction(period=POLL_PERIOD_S, actions=[again])]

    def _on_transition(self, context: LaunchContext) -> list[Action]:
        event = context.locals.event
        if not self._is_starting or event.start_state == 'shuttingdown':
            return []       # later transitions belong to the user
        if event.goal_state == 'active':
            self._is_starting, self._was_active = False, True
        elif (event.start_state, event.goal_state) == ('configuring', 'inactive'):
            return [self._change(ACTIVATE)]
        elif event.goal_state in ('unconfigured', 'inactive', 'finalized'):
            return self._fail(event.goal_state)
        return []

    def _fail(self, state: str) -> list[Action]:
        verb = 'activated' if state == 'inactive' else 'configured'
        text = (f'{self._node.node_name} could not be {verb}; see its log above and in '
                f'{launch_config.get_log_file_path("launch.log")}')
        if not self._was_active or state == 'finalized':
            raise RuntimeError(text)
        get_logger('instance_seg_ros').error(f'{text}; trying again in {RETRY_DELAY_S:g} s')
        again = self._change(ACTIVATE if state == 'inactive' else CONFIGURE)
        return [TimerAction(period=RETRY_DELAY_S, actions=[again])]

    def _change(self, transition: int) -> Action:
        return EmitEvent(event=ChangeState(
            lifecycle_node_matcher=matches_action(self._node), transition_id=transition))


def fail_on_exit(node: LifecycleNode, respawn: bool) -> Action:
    """Return the event handler that ends the launch with an error if the node's process fails."""
    def check(context: LaunchContext) -> None:
        code = context.locals.event.returncode
        if code and not respawn and not context.is_shutdown:
            raise RuntimeError(f'instance_seg_node exited with status {code}; see its error above')

    return RegisterEventHandler(OnProcessExit(
        target_action=node, on_exit=[OpaqueFunction(function=check)]))
