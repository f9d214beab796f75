# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Driving another process's lifecycle node from a command."""

import threading
import time
from collections.abc import Callable

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node

from ...core.errors import UserError

TRANSITIONS = {
    'configure': Transition.TRANSITION_CONFIGURE,
    'activate': Transition.TRANSITION_ACTIVATE,
    'deactivate': Transition.TRANSITION_DEACTIVATE,
    'cleanup': Transition.TRANSITION_CLEANUP,
}
_LOOK_EVERY_S = 0.1


class Lifecycle:
    """The transitions of one lifecycle node; another thread must serve ``node``.

    Args:
        check: called while waiting; raises when there is no sense in waiting any longer.
    """

    def __init__(self, node: Node, target: str, check: Callable[[], None] = lambda: None):
        self._client = node.create_client(ChangeState, f'{target}/change_state')
        self._target, self._check = target, check

    def change(self, transition: str, seconds: float = 120.0) -> bool:
        """Ask for a transition; return whether the node took it. UserError when it is silent."""
        deadline = time.monotonic() + seconds
        self._wait(self._client.service_is_ready, deadline, 'did not come up')
        done = threading.Event()
        request = ChangeState.Request()
        request.transition.id = TRANSITIONS[transition]
        future = self._client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        self._wait(lambda: done.wait(_LOOK_EVERY_S), deadline, f'did not {transition}', pause=0)
        return future.result().success

    def _wait(self, ready: Callable[[], bool], deadline: float, failure: str,
              pause: float = _LOOK_EVERY_S) -> None:
        while not ready():
            self._check()
            if time.monotonic() > deadline:
                raise UserError(f'The node {self._target} {failure} in time.')
            time.sleep(pause)
