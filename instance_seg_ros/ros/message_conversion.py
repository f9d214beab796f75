# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of messages (see the package ``messages``) as messages of rclpy."""

from __future__ import annotations

from array import array
from functools import cache
from typing import Any

import numpy as np

from ..messages.fields import Fields
from .installed_messages import message_class


def to_message(message_type: type, fields: Fields) -> Any:
    """
    Return a new message.

    Args:
        message_type: class of rclpy.
        fields: by their ROS names; what is left out keeps its default. Messages are taken as
            they are, such as the header of the input.
    """
    message = message_type()
    _fill(message, fields)
    return message


def _fill(message: Any, fields: Fields) -> None:
    for name, value in fields.items():
        kind = type(value)
        if kind is dict:
            _fill(getattr(message, name), value)
        elif kind is list:
            setattr(message, name, _elements(type(message), name, value))
        elif kind is np.ndarray or kind is memoryview:
            _copy(getattr(message, name), value)
        else:
            setattr(message, name, value)


def _elements(message_type: type, field: str, values: list) -> list:
    if not values or type(values[0]) is not dict:
        return values
    element = _element_class(message_type, field)
    return [to_message(element, fields) for fields in values]


def _copy(field: array | np.ndarray, values: np.ndarray | memoryview) -> None:
    if isinstance(field, array):
        # Filling the array that is there is a copy of memory in every mode. Assigning makes rclpy
        # check each byte: of an ndarray or memoryview always, of bytes with field checks on.
        if values.nbytes:       # an empty view cannot be cast
            field.frombytes(memoryview(values).cast('B'))
    else:
        field[:] = values


@cache
def _element_class(message_type: type, field: str) -> type:
    text = message_type.get_fields_and_field_types()[field]
    return message_class(text.partition('<')[2].rstrip('>').partition(',')[0])
