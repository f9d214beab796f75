# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Outputs for planners and RViz in addition to detections: labelled points and free space."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..perception.frame_processor import ProcessedFrame
from ..perception.free_space import FARTHEST_M, NEAREST_M, FreeSpace, free_space
from ..perception.lidar.labelled_points import LabelledPoints, labelled_points
from ..perception.lidar.vehicle_cloud import VehicleCloud
from .fields import Fields

_POINT = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('intensity', '<f4'),
                   ('rgb', '<u4'), ('instance', '<u2'), ('label', 'u1'), ('camera', 'u1')])
_OFFSETS = {name: entry[1] for name, entry in (_POINT.fields or {}).items()}
_FIELDS = (('x', 7), ('y', 7), ('z', 7), ('intensity', 7), ('rgb', 7), ('instance', 4),
           ('label', 2), ('camera', 2))
"""Names and datatypes of sensor_msgs/PointField; rgb is the bits of a float, as in PCL."""


def points_fields(frame: ProcessedFrame) -> Fields:
    """Return a sensor_msgs/PointCloud2 of the points in the image; empty without a cloud."""
    scan, pinhole, target = frame.geometry.scan, frame.pinhole, frame.geometry.target
    rows = np.zeros(0, _POINT)
    if scan is not None and pinhole is not None:
        points = labelled_points(frame.result, scan, pinhole, frame.overlay_style.palette)
        rows = _rows(points, target.from_camera.apply(points.xyz) if target else points.xyz)
    return _cloud_fields(frame.positions_header, rows, _FIELDS[:-1])


def vehicle_points_fields(cloud: VehicleCloud) -> Fields:
    """Return a sensor_msgs/PointCloud2 of the points that the cameras see, in the cloud's frame.

    The field camera distinguishes equal instance ids of different cameras.
    """
    rows = _rows(cloud.points, cloud.points.xyz)
    rows['camera'] = cloud.camera
    return _cloud_fields(cloud.header, rows, _FIELDS)


def _rows(points: LabelledPoints, xyz: np.ndarray) -> np.ndarray:
    rows = np.zeros(len(xyz), _POINT)
    rows['x'], rows['y'], rows['z'] = xyz.T
    red, green, blue = points.rgb.T.astype(np.uint32)
    rows['rgb'] = red << 16 | green << 8 | blue
    rows['intensity'], rows['instance'], rows['label'] = (
        points.intensity, points.instance, points.label)
    return rows


def _cloud_fields(header: Any, rows: np.ndarray, fields: tuple) -> Fields:
    return {'header': header, 'height': 1, 'width': len(rows),
            'fields': [{'name': name, 'offset': _OFFSETS[name], 'datatype': datatype,
                        'count': 1} for name, datatype in fields],
            'is_bigendian': False, 'point_step': _POINT.itemsize,
            'row_step': _POINT.itemsize * len(rows), 'data': rows.view(np.uint8),
            'is_dense': True}


def free_space_fields(frame: ProcessedFrame) -> Fields:
    """Return a sensor_msgs/LaserScan in the frame of the camera's body (x forward, z up).

    Without a calibration no range is known.
    """
    pinhole = frame.pinhole
    found = (FreeSpace(0.0, 0.0, np.zeros(0, np.float32)) if pinhole is None else
             free_space(frame.result.class_mask, frame.result.label_set, pinhole, *frame.mount))
    return {'header': {'stamp': frame.header.stamp, 'frame_id': body_frame(frame.header)},
            'angle_min': found.angle_min, 'angle_max': found.angle_max,
            'angle_increment': found.angle_increment, 'range_min': NEAREST_M,
            'range_max': FARTHEST_M, 'ranges': found.ranges}


def body_frame(header: Any) -> str:
    """Return the frame whose axes are x forward, y left, z up of an optical one (REP 103)."""
    name = header.frame_id
    return name.removesuffix('_optical_frame') + '_frame' if name.endswith(
        '_optical_frame') else name.removesuffix('_optical')
