# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of messages (see ``messages``) as CDR, without ROS."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype

from ..bags.definitions import definition_of, typestore
from ..messages.fields import Fields

_IMAGE = 'sensor_msgs/msg/Image'
_DECLARED_DEFAULTS = {'geometry_msgs/msg/Quaternion': {'w': 1.0}}
"""Defaults that .msg files declare, which rosbags does not read."""


def to_cdr(type_name: str, fields: Fields) -> bytes:
    """Serialize a message, CDR header included.

    Args:
        type_name: `package/msg/Name`.
        fields: by their ROS names; what is left out has its default.
    """
    if type_name == _IMAGE:
        return _image_to_cdr(fields)
    return bytes(typestore().serialize_cdr(_message(type_name, fields), type_name))


def _image_to_cdr(fields: Fields) -> bytes:
    start = typestore().serialize_cdr(
        _message(_IMAGE, {**fields, 'data': np.empty(0, np.uint8)}), _IMAGE)
    # The pixels come last, after their number: joined here they are copied only once.
    pixels = memoryview(fields['data']).cast('B')
    return b''.join((start[:-4], struct.pack('<I', pixels.nbytes), pixels))


def _message(type_name: str, fields: Fields) -> Any:
    return typestore().types[type_name](**{
        name: _value(kind, fields[name]) if name in fields else default
        for name, kind, default in _members(type_name)})


@cache
def _members(type_name: str) -> tuple[tuple[str, Any, Any], ...]:
    """Return name, parsed type and default of each field of a type."""
    definition_of(type_name)        # also registers a type of an installed ROS package
    declared = _DECLARED_DEFAULTS.get(type_name, {})
    return tuple((name, kind, declared.get(name, _default(kind)))
                 for name, kind in typestore().fielddefs[type_name][1])


def _default(kind: tuple) -> Any:
    node, of = kind
    if node is Nodetype.NAME:
        return _message(of, {})
    if node is Nodetype.BASE:
        return {'string': '', 'bool': False}.get(of[0], 0.0 if of[0].startswith('float') else 0)
    element, length = of
    if element[0] is Nodetype.BASE and element[1][0] != 'string':
        return np.zeros(length if node is Nodetype.ARRAY else 0, element[1][0])
    return [_default(element) for _ in range(length)] if node is Nodetype.ARRAY else []


def _value(kind: tuple, value: Any) -> Any:
    node, of = kind
    if node is Nodetype.NAME and isinstance(value, dict):
        return _message(of, value)
    if node in (Nodetype.ARRAY, Nodetype.SEQUENCE) and isinstance(value, list):
        return [_value(of[0], item) for item in value]
    return value
