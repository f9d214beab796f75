# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image messages made and read without ROS."""

import struct
from typing import Any

import numpy as np

from .definitions import typestore

NANOSECONDS = 1_000_000_000


def header(stamp: int, frame_id: str) -> Any:
    """Build a std_msgs/Header for a time in nanoseconds."""
    types = typestore().types
    time = types['builtin_interfaces/msg/Time'](
        sec=stamp // NANOSECONDS, nanosec=stamp % NANOSECONDS)
    return types['std_msgs/msg/Header'](stamp=time, frame_id=frame_id)


def stamp_of(message: Any) -> int:
    """Return the time in a message's header in nanoseconds."""
    stamp = message.header.stamp
    return stamp.sec * NANOSECONDS + stamp.nanosec


def header_stamp(data: bytes) -> int:
    """Return the time, in nanoseconds, in a serialized message that begins with a header."""
    seconds, nanoseconds = struct.unpack_from('<iI' if data[1] & 1 else '>iI', data, 4)
    return seconds * NANOSECONDS + nanoseconds


def serialize_image(header: Any, encoding: str, pixels: np.ndarray) -> bytes:
    """Return a serialized sensor_msgs/Image.

    Args:
        pixels: H x W or H x W x C, uint8 or uint16, little-endian, laid out as ``encoding``
            says.
    """
    pixels = np.ascontiguousarray(pixels)
    message = typestore().types['sensor_msgs/msg/Image'](
        header=header, height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
        is_bigendian=0, step=pixels.strides[0], data=np.empty(0, np.uint8))
    fields = typestore().serialize_cdr(message, 'sensor_msgs/msg/Image')
    # The pixels come last, after their number: joined here they are copied only once.
    return b''.join((fields[:-4], struct.pack('<I', pixels.nbytes), pixels.data.cast('B')))


def serialize_compressed(header: Any, format_name: str, data: bytes) -> bytes:
    """Return a serialized sensor_msgs/CompressedImage; ``format_name`` such as 'jpeg'."""
    message = typestore().types['sensor_msgs/msg/CompressedImage'](
        header=header, format=format_name, data=np.frombuffer(data, np.uint8))
    return bytes(typestore().serialize_cdr(message, 'sensor_msgs/msg/CompressedImage'))


def deserialize(data: bytes, type_name: str) -> Any:
    """Return the message in ``data``; its arrays are views of it where that is possible."""
    return typestore().deserialize_cdr(data, type_name)
