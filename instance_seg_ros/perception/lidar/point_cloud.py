# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/PointCloud2 of any layout as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.texts import shortened

_DATATYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}
_INTENSITY_NAMES = ('intensity', 'intensities', 'reflectivity', 'i')


class PointCloudError(Exception):
    """A cloud that cannot be used; `kind` is the short reason that is counted."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class PointCloud:
    """Points of one scan in the sensor's frame.

    Attributes:
        xyz: float32 (N, 3), metres; finite, never the origin. Each column is contiguous: most
            operations are on columns, and several times as fast there.
        intensity: float32 (N,) in the driver's unit, 0 where the cloud has none.
    """

    xyz: np.ndarray
    intensity: np.ndarray

    def __len__(self) -> int:
        """Count the points."""
        return len(self.xyz)


def decode_point_cloud(message: Any) -> PointCloud:
    """Decode a PointCloud2: organised or not, padded, either byte order, any numeric fields.

    Points with a coordinate that is not finite are left out, and so is the origin, which drivers
    write where no echo came back.

    Args:
        message: a sensor_msgs/PointCloud2 of rclpy or of rosbags.

    Returns:
        The valid points in the order of the message.

    Raises:
        PointCloudError: when x, y or z is missing, or the layout and the data do not agree.
    """
    rows = _points_of(message)
    fields = {field.name: field for field in message.fields}
    missing = [name for name in 'xyz' if name not in fields]
    if missing:
        raise PointCloudError('no_xyz', f'The cloud has no field {", ".join(missing)}; its fields '
                              f'are: {shortened(", ".join(fields)) or "none"}.')
    columns = [_column(rows, fields[name], message.is_bigendian) for name in 'xyz']
    name = next((name for name in _INTENSITY_NAMES if name in fields), None)
    intensity = (np.zeros(len(rows), np.float32) if name is None
                 else _column(rows, fields[name], message.is_bigendian).astype(np.float32))
    xyz = np.stack([column.astype(np.float32) for column in columns])      # (3, N)
    # A sum is finite only where all three are, and the squares of a point are 0 at the origin.
    squares = xyz[0] * xyz[0]
    squares += xyz[1] * xyz[1]
    squares += xyz[2] * xyz[2]
    valid = np.isfinite(squares) & (squares > 0)
    if valid.all():
        return PointCloud(xyz.T, intensity)
    return PointCloud(xyz.compress(valid, 1).T, intensity[valid])


def _points_of(message: Any) -> np.ndarray:
    """Return the bytes of each point, uint8 (N, point_step), without copying where possible."""
    height, width, step = int(message.height), int(message.width), int(message.point_step)
    data = np.frombuffer(memoryview(message.data).cast('B'), np.uint8)
    pitch = int(message.row_step) or width * step
    if height * width == 0:
        return np.empty((0, step), np.uint8)
    if step <= 0 or pitch < width * step or len(data) < pitch * (height - 1) + width * step:
        raise PointCloudError(
            'truncated', f'The cloud declares {height} rows of {width} points of {step} bytes '
            f'({pitch} a row) but has {len(data)} bytes.')
    rows: np.ndarray = np.ndarray((height, width, step), np.uint8, data, strides=(pitch, step, 1))
    return rows.reshape(-1, step)


def _column(rows: np.ndarray, field: Any, big_endian: bool) -> np.ndarray:
    """Return a view of one field of all points; of a field with several values the first."""
    name = shortened(field.name)
    if field.datatype not in _DATATYPES:
        raise PointCloudError('field_type', f'The field {name} of the cloud has the unknown '
                              f'type {field.datatype}.')
    kind = np.dtype(_DATATYPES[field.datatype]).newbyteorder('>' if big_endian else '<')
    if field.offset < 0 or field.offset + kind.itemsize > rows.shape[1]:
        raise PointCloudError('field_offset', f'The field {name} at byte {field.offset} is '
                              f'outside the points of {rows.shape[1]} bytes.')
    return rows[:, field.offset:field.offset + kind.itemsize].view(kind)[:, 0]
