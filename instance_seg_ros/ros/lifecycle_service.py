# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's service change_state, the same on every distribution of ROS 2."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode


def answer_invalid_requests(node: LifecycleNode) -> None:
    """Answer requests for transitions that are invalid in the current state with success = False.

    rclpy of Kilted does so itself; in Humble and Jazzy the exception of rcl ends the executor,
    and with it the process.
    """
    service = node._service_change_state
    change = service.callback

    def on_request(request: Any, response: Any) -> Any:
        try:
            return change(request, response)
        except RuntimeError as error:   # RCLError is one, and has no public name
            asked = request.transition.label or request.transition.id
            node.get_logger().error(f'change_state: transition {asked} failed: {error}')
            response.success = False
            return response

    service.callback = on_request
