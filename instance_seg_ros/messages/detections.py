# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instances as 2D and 3D detections, and the names of the label ids.

Boxes are in pixels of the input image, whose upper left corner is (0, 0): a pixel reaches from
its index to index + 1, so a box around one pixel at (3, 5) has its centre at (3.5, 5.5) and size
1 x 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.instances import Instance
from ..core.labels import LabelSet
from ..perception.frame_processor import ProcessedFrame
from ..perception.positions import Located
from .fields import Fields, header_fields, hypothesis_fields, pose_fields, vector_fields


def detections_fields(frame: ProcessedFrame) -> Fields:
    """Return a vision_msgs/Detection2DArray: one per instance, its mask value as id."""
    return {'header': frame.header,
            'detections': [_detection(i, frame.header) for i in frame.result.instances]}


def _detection(instance: Instance, header: Any) -> Fields:
    x0, y0, x1, y1 = instance.box
    center = {'position': {'x': (x0 + x1) / 2, 'y': (y0 + y1) / 2}}
    return {'header': header, 'results': [{'hypothesis': hypothesis_fields(instance)}],
            'bbox': {'center': center, 'size_x': float(x1 - x0), 'size_y': float(y1 - y0)},
            'id': str(instance.id)}


def detections_3d_fields(frame: ProcessedFrame) -> Fields:
    """Return a vision_msgs/Detection3DArray of the instances whose position is known."""
    header = frame.positions_header
    return {'header': header,
            'detections': [_detection_3d(located, header) for located in frame.positions]}


def _detection_3d(located: Located, header: Any) -> Fields:
    instance, position = located
    pose = pose_fields(position)
    spread: Fields = {'pose': pose}
    if position.covariance is not None:
        spread['covariance'] = np.ascontiguousarray(position.covariance).reshape(36)
    result = {'hypothesis': hypothesis_fields(instance), 'pose': spread}
    return {'header': header, 'results': [result],
            'bbox': {'center': pose, 'size': vector_fields(*position.size)},
            'id': str(instance.id)}


def label_info_fields(labels: LabelSet, threshold: float, stamp_ns: int) -> Fields:
    """Return a vision_msgs/LabelInfo.

    Args:
        labels: names of the label ids in the class mask, and of instance id // 1000.
        threshold: instances with a lower score are left out.
        stamp_ns: time of the message in nanoseconds.
    """
    return {'header': header_fields(stamp_ns), 'threshold': float(threshold), 'class_map': [
        {'class_id': label.id, 'class_name': label.name} for label in labels.labels]}
