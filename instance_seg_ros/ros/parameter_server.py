# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The declared parameters on a node: read at start-up, changed atomically or rejected."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException, ParameterUninitializedException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ..core.errors import UserError
from ..node_config.builders import all_settings
from ..node_config.parameter_file import OF_ROS
from ..node_config.parameter_rules import check_qos_overrides
from ..node_config.parameters import (
    CAMERA_FIELDS,
    CONFIGURE,
    NODE_FIELDS,
    START,
    AllSettings,
    as_word,
    is_switch,
)
from ..node_config.renamed_parameters import with_new_names


class ParameterServer:
    """Keeps ``settings`` equal to the node's parameters.

    Args:
        node: declares the parameters.
        apply: called with the settings after a change; takes all of them over, or raises
            UserError and takes over none.
        is_configured: whether changes that only configure applies have to be rejected.
    """

    def __init__(self, node: Node, apply: Callable[[AllSettings], None],
                 is_configured: Callable[[], bool]) -> None:
        self._node, self._apply, self._is_configured = node, apply, is_configured
        check_qos_overrides({name: p.value for name, p in node._parameter_overrides.items()})
        self._rename()
        values = {name: self._declare(name) for name in NODE_FIELDS}
        self._values = values
        for camera in dict.fromkeys(values['cameras']):
            for name in CAMERA_FIELDS:
                default = '' if name == 'topic' else values[name]
                values[f'{camera}.{name}'] = self._declare(f'{camera}.{name}', default)
        self.settings = all_settings(values)
        self._log_unknown()
        node.add_on_set_parameters_callback(self._on_set)

    def _rename(self) -> None:
        """Take values that were given under an old name."""
        given = self._node._parameter_overrides
        renamed = with_new_names(given, self._node.get_logger().warning)
        given.clear()
        given.update({name: p if p.name == name else Parameter(name, p.type_, p.value)
                      for name, p in renamed.items()})

    def _log_unknown(self) -> None:
        """Warn about unknown parameters, such as mistyped ones."""
        for name in sorted(self._node._parameter_overrides.keys() - self._values.keys()):
            if not name.startswith(OF_ROS):
                self._node.get_logger().warning(
                    f'unknown parameter {name!r} ignored')

    def _declare(self, name: str, default: Any = None) -> Any:
        declared = NODE_FIELDS[name.rpartition('.')[2]]
        default = declared.default if default is None else default
        try:
            self._node.declare_parameter(name, _to_ros(declared, default), _descriptor(declared))
            return _from_ros(declared, self._node.get_parameter(name).value)
        except ParameterUninitializedException:     # an empty list, whose type is unknown
            return () if declared.type == tuple[str, ...] else default
        except ParameterException as error:
            raise UserError(f'Invalid parameter {name}: {error}.') from error

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        ours = {p.name: p.value for p in parameters if p.name in self._values}
        if not ours:
            return SetParametersResult(successful=True)
        try:
            changed = {name: self._accepted(name, value) for name, value in ours.items()}
            values = self._values | changed
            settings = all_settings(values)
            self._apply(settings)
        except UserError as error:
            return SetParametersResult(successful=False, reason=str(error))
        except Exception as error:      # rclpy would end the process
            return SetParametersResult(
                successful=False, reason=f'{type(error).__name__}: {error}')
        self._values, self.settings = values, settings
        return SetParametersResult(successful=True)

    def _accepted(self, name: str, value: Any) -> Any:
        declared = NODE_FIELDS[name.rpartition('.')[2]]
        value = _from_ros(declared, value)
        if value == self._values[name]:
            return value
        if declared.metadata['when'] == CONFIGURE and self._is_configured():
            raise UserError(f'{name} is applied by configure; deactivate and clean up the node, '
                            'set it and configure again.')
        if name in CAMERA_FIELDS and self.settings.node.cameras:
            raise UserError(f'{name} only sets the default of the cameras at start-up; set '
                            f'{self.settings.node.cameras[0]}.{name} instead.')
        return value


def _descriptor(declared: dataclasses.Field) -> ParameterDescriptor:
    metadata = declared.metadata
    descriptor = ParameterDescriptor(
        description=metadata['description'], read_only=metadata['when'] == START,
        dynamic_typing=is_switch(declared),     # on and off may arrive as booleans
        additional_constraints=' | '.join(map(str, metadata['choices'])))
    low, high = metadata['minimum'], metadata['maximum']
    if low is not None and declared.type is int:
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=0)]
    elif low is not None:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)]
    return descriptor


def _to_ros(declared: dataclasses.Field, value: Any) -> Any:
    # rclpy cannot infer the type of an empty list: [''] or [0.0] stands for one.
    empty = [0.0] if declared.type == tuple[float, ...] else ['']
    return (list(value) or empty) if isinstance(value, tuple) else value


def _from_ros(declared: dataclasses.Field, value: Any) -> Any:
    if declared.type == tuple[str, ...]:
        return tuple(text.strip() for text in value if text.strip())
    if declared.type == tuple[float, ...]:
        return () if list(value) == [0.0] else tuple(value)
    return tuple(value) if declared.type == tuple[int, ...] else as_word(declared, value)
