# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading the node's parameters file as the node does, without ROS."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import UserError
from ..core.texts import shortened
from . import rcl_yaml
from .builders import all_settings
from .parameter_rules import check_qos_overrides
from .parameters import CAMERA_FIELDS, NODE_FIELDS, AllSettings, as_word, type_name
from .renamed_parameters import with_new_names

_SECTION = 'ros__parameters'
OF_ROS = ('use_sim_time', 'qos_overrides.', 'start_type_description_service')
"""Prefixes of parameters that every node has."""
_ELEMENTS: dict[object, type] = {
    tuple[int, ...]: int, tuple[str, ...]: str, tuple[float, ...]: float}

_log = logging.getLogger(__name__)


def read_parameters(path: Path, node: str = '/instance_seg',
                    overrides: Mapping[str, Any] | None = None) -> AllSettings:
    """Return the settings of a node with a parameters file.

    Unknown parameters are ignored and logged as warnings, as by the node.

    Args:
        path: YAML file.
        node: full name of the node.
        overrides: values that replace those of the file, as of a launch file.

    Raises:
        UserError: where the node would not start either.
    """
    given = _given(path, node) | dict(overrides or {})
    values = {name: _value(path, given, name) for name in NODE_FIELDS}
    for camera in values['cameras']:
        for name in CAMERA_FIELDS:
            default = '' if name == 'topic' else values[name]
            values[f'{camera}.{name}'] = _value(path, given, f'{camera}.{name}', default)
    for name in given.keys() - values.keys():
        if not name.startswith(OF_ROS):
            _log.warning('%s: unknown parameter %r ignored.', path, name)
    return all_settings(values)


def _given(path: Path, node: str) -> dict[str, Any]:
    path = Path(path).expanduser()
    try:
        content = rcl_yaml.load(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise UserError(f'Cannot read {path}: {error.strerror}.') from error
    except RecursionError as error:
        raise UserError(f'Invalid YAML in {path}: it is nested too deeply.') from error
    except (yaml.YAMLError, ValueError) as error:       # ValueError: text, or a number too long
        raise UserError(f'Invalid YAML in {path}: {shortened(_one_line(error))}.') from error
    sections = list(_sections(content, ''))
    if not sections:
        raise UserError(f'{path} is not a parameters file: it has no section {_SECTION}.')
    given: dict[str, Any] = {}
    for name, section in sections:      # the last one wins, however specific its name
        if re.fullmatch(_pattern(name), node, re.ASCII):
            given.update(_flat(section, ''))
    check_qos_overrides(given)
    return with_new_names(given, lambda text: _log.warning('%s: %s.', path, text))


def _one_line(error: Exception) -> str:
    """Return an error of the YAML reader in one line, with its position in the file."""
    mark, problem = getattr(error, 'problem_mark', None), getattr(error, 'problem', None)
    if mark is None:
        return ' '.join(str(error).split())
    return f'{problem} in line {mark.line + 1}, column {mark.column + 1}'


def _sections(content: Any, prefix: str) -> Iterator[tuple[str, dict]]:
    """Yield the names of nodes, with their namespaces, and their parameters."""
    for key, value in content.items() if isinstance(content, dict) else ():
        if key == _SECTION and isinstance(value, dict):
            yield '/' + prefix.strip('/'), value
        else:
            yield from _sections(value, f'{prefix}/{str(key).strip("/")}')


def _pattern(name: str) -> str:
    """Return the regular expression of a node's name: /* is one part of it, /** any number."""
    return re.escape(name).replace(r'/\*', r'(/\w+)').replace(r'\*', '*')


def _flat(section: dict, prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value


def _value(path: Path, given: dict[str, Any], name: str, default: Any = None) -> Any:
    declared = NODE_FIELDS[name.rpartition('.')[2]]
    value = as_word(declared, given.get(name))
    # The type of an empty list is unknown: the node behaves as if it were not given.
    if name not in given or (value == [] and declared.type != tuple[str, ...]):
        return declared.default if default is None else default
    if not _has_type(value, declared):
        hint = f'; write {value}.0' if type(value) is int and declared.type is float else ''
        raise UserError(f'{path}: invalid value {shortened(repr(value))} of {name}; expected type '
                        f'{type_name(declared)}{hint}.')
    if declared.type == tuple[float, ...] and value == [0.0]:
        return ()
    if declared.type == tuple[str, ...]:
        return tuple(text.strip() for text in value if text.strip())
    return tuple(value) if isinstance(value, list) else value


def _has_type(value: Any, declared: dataclasses.Field) -> bool:
    """Whether the node would accept it: ROS does not convert 1 to 1.0."""
    element = _ELEMENTS.get(declared.type)
    if element:
        return isinstance(value, list) and all(type(v) is element for v in value)
    return type(value) is declared.type
