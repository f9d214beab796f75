# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of messages (see the package ``messages``) as messages of rclpy."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from copy import copy, deepcopy
from functools import cache
from typing import Any

import numpy as np

from ..messages.fields import Fields
from .installed_messages import message_class


def to_message(message_type: type, fields: Fields) -> Any:
    """Return a new message.

    Args:
        message_type: class of rclpy.
        fields: by their ROS names; what is left out keeps its default. Messages are taken as
            they are, such as the header of the input.
    """
    return _builder(message_type).build(fields)


class _Builder:
    """Makes messages of one type from fields.

    The constructors that rosidl generates create the defaults of all nested messages, also of
    those that are replaced afterwards. Here the defaults are taken from one message per type, and
    a nested message is only created where no other one is given.
    """

    def __init__(self, message_type: type) -> None:
        # Values: slot, immutable default. Containers: field, slot, how its default is copied.
        # Nested: field -> slot, builder.
        default: Any = message_type()
        self._type, self._field_types = message_type, default.get_fields_and_field_types()
        self._values: list[tuple[str, Any]] = []
        self._containers: list[tuple[str, str, Callable, Any]] = []
        self._nested: dict[str, tuple[str, _Builder]] = {}
        for slot in default.__slots__:
            value = getattr(default, slot)
            if hasattr(value, 'get_fields_and_field_types'):
                nested: type = type(value)
                self._nested[slot[1:]] = slot, _builder(nested)
            elif isinstance(value, list | array | np.ndarray):
                copied = deepcopy if type(value) is list and value else copy
                self._containers.append((slot[1:], slot, copied, value))
            else:
                self._values.append((slot, value))

    def build(self, fields: Fields) -> Any:
        """Return a message with these fields; others keep their defaults."""
        message: Any = object.__new__(self._type)
        for slot, value in self._values:
            setattr(message, slot, value)
        for name, slot, copied, value in self._containers:
            if type(fields.get(name)) is not list:
                setattr(message, slot, copied(value))
        for name, (slot, builder) in self._nested.items():
            if name not in fields:
                setattr(message, slot, builder.build({}))
        for name, value in fields.items():
            kind = type(value)
            if kind is dict:
                slot, builder = self._nested[name]
                setattr(message, slot, builder.build(value))
            elif kind is list:
                setattr(message, name, self._elements(name, value))
            elif kind is np.ndarray or kind is memoryview:
                _copy(getattr(message, name), value)
            else:
                setattr(message, name, value)
        return message

    def _elements(self, field: str, values: list) -> list:
        if not values or type(values[0]) is not dict:
            return values
        build = _element_builder(self._field_types[field]).build
        return [build(fields) for fields in values]


_builder = cache(_Builder)


@cache
def _element_builder(text: str) -> _Builder:
    """Return the builder of the elements of a field's type: sequence<NAME>, or NAME[N]."""
    name = text.partition('<')[2].rstrip('>').partition(',')[0] or text.partition('[')[0]
    return _builder(message_class(name))


def _copy(field: array | np.ndarray, values: np.ndarray | memoryview) -> None:
    if isinstance(field, array):
        # Filling the existing array is a copy of memory in every mode. With assignment rclpy
        # checks each byte: of an ndarray or memoryview always, of bytes with field checks on.
        if values.nbytes:       # an empty view cannot be cast
            view = values.data if isinstance(values, np.ndarray) else values
            field.frombytes(view.cast('B'))
    else:
        field[:] = values
