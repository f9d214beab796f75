# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Publishes the node's diagnostics periodically and logs new problems."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode

from ..node_config.parameters import NodeSettings
from . import checks, diagnostics
from .camera_subscription import CameraSubscription

_LASTING_REPORTS = 5
"""Reports in a row with a problem of the ROS graph before it is logged."""


@dataclass
class Health:
    """State of the node for the diagnostics.

    Attributes:
        trouble: why the last transition failed, '' when it succeeded.
        errors: of the pipeline since start-up.
        recoveries: successful reconfigurations after an error.
        last_error: of the pipeline.
        device_instead: fallback device after an error of the requested one.
        facts: about the loaded network.
    """

    trouble: str = ''
    errors: int = 0
    recoveries: int = 0
    last_error: str = ''
    device_instead: str = ''
    facts: dict[str, str] = field(default_factory=dict)

    def problems(self, device: str) -> list[tuple[bytes, str]]:
        """Return the problems with their levels; ``device`` is the requested one."""
        problems = []
        if self.trouble:
            problems.append((diagnostics.ERROR, self.trouble))
        if self.device_instead:
            problems.append((diagnostics.WARN, f'running on {self.device_instead} after a '
                             'device error'))
        elif device != 'cpu' and self.facts.get('device') == 'cpu':
            problems.append((diagnostics.WARN, 'no GPU available: running on the CPU'))
        return problems


class Reporter:
    """Publishes /diagnostics in every state of the lifecycle.

    Args:
        node: the node.
        settings: its parameters.
        cameras: each gets a status.
        health: state of the node, updated by the node.
        state: returns the label of the lifecycle state.
        memory: returns the values about GPU memory.
        stalled_s: returns the seconds for which the device has been blocked, 0 otherwise.
    """

    def __init__(self, node: LifecycleNode, settings: NodeSettings,
                 cameras: list[CameraSubscription], health: Health, state: Callable[[], str],
                 memory: Callable[[], dict[str, str]],
                 stalled_s: Callable[[], float] = lambda: 0.) -> None:
        self._node, self._settings, self._cameras = node, settings, cameras
        self._health, self._state, self._memory = health, state, memory
        self._stalled_s = stalled_s
        self._hardware_id = settings.hardware_id or socket.gethostname()
        self._logged: set[str] = set()
        self._reports: dict[str, dict[str, int]] = {}
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Steady time: diagnostics must also come while a simulated clock stands still.
        self._timer = node.create_timer(settings.diagnostics_period_s, self._report,
                                        clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _report(self) -> None:
        name, state = self._node.get_fully_qualified_name().lstrip('/'), self._state()
        around = checks.name_problems(self._node)
        if state == 'active':       # before that the time is not needed
            around += checks.clock_problems(self._node)
        self._log_lasting('', around)
        problems = [(diagnostics.WARN, text) for text in around]
        problems += self._health.problems(self._node.get_parameter('device').value)
        if stalled_s := self._stalled_s():
            problems.append((diagnostics.ERROR, f'no result for {stalled_s:.0f} s while frames '
                             'arrive: the device hangs; restart the process'))
        statuses = [diagnostics.status(
            f'{name}: node', self._hardware_id, problems, state, self._values(state))]
        statuses += [self._camera_status(name, state, camera) for camera in self._cameras]
        self._publisher.publish(
            diagnostics.array(self._node.get_clock().now().to_msg(), statuses))

    def _camera_status(self, name: str, state: str, camera: CameraSubscription) -> Any:
        graph = checks.input_problems(self._node, camera)
        self._log_lasting(camera.name or 'camera', graph)
        self._log_once(camera.stamps.problems())
        publishers = self._node.count_publishers(camera.topic) if camera.topic else 0
        return diagnostics.status(
            f'{name}: camera {camera.name}'.rstrip(), self._hardware_id,
            diagnostics.camera_problems(camera, graph), state,
            diagnostics.camera_values(camera, publishers))

    def _values(self, state: str) -> dict[str, Any]:
        health = self._health
        return {'state': state, **health.facts, **self._memory(), 'errors': health.errors,
                'recoveries': health.recoveries, 'last_error': health.last_error}

    def _log_lasting(self, source: str, problems: list[str]) -> None:
        """Log problems that are in several reports in a row: other nodes may still start."""
        before = self._reports.get(source, {})
        seen = self._reports[source] = {
            kind: before.get(kind, 0) + 1 for kind in map(_kind, problems)}
        self._log_once([text for text in problems if seen[_kind(text)] >= _LASTING_REPORTS])

    def _log_once(self, problems: list[str]) -> None:
        """Log problems that are new, regardless of the numbers in them."""
        for text in problems:
            if _kind(text) not in self._logged:
                self._logged.add(_kind(text))
                self._node.get_logger().warning(text)


def _kind(text: str) -> str:
    return re.sub(r'\d+', '', text)
