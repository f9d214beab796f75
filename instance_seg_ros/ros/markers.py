# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""3D detections as markers: boxes and names for RViz, which shows no vision_msgs by itself."""

from __future__ import annotations

from collections.abc import Iterator

from std_msgs.msg import ColorRGBA, Header
from vision_msgs.msg import Detection3D, Detection3DArray

from ..core.errors import UserError
from ..perception.overlay import instance_id_color

_ALPHA = 0.4
_THINNEST_M = 0.05
"""What is placed from one picture has no depth; RViz complains of a box without one."""
_LETTERS_M = 0.4


def marker_array() -> type:
    """Return the message type; raises UserError where visualization_msgs is not installed."""
    try:
        from visualization_msgs.msg import MarkerArray
    except ImportError as error:
        raise UserError('markers needs the ROS package visualization_msgs, which is not '
                        'installed.') from error
    return MarkerArray


def to_markers(placed: Detection3DArray):
    """Return a visualization_msgs/MarkerArray that takes the place of the one before."""
    from visualization_msgs.msg import Marker

    return marker_array()(markers=[
        Marker(header=placed.header, action=Marker.DELETEALL),
        *(marker for detection in placed.detections
          for marker in _box_and_name(detection, placed.header))])


def _box_and_name(detection: Detection3D, header: Header) -> Iterator:
    from visualization_msgs.msg import Marker

    number, box, result = int(detection.id), detection.bbox, detection.results[0].hypothesis
    red, green, blue = (value / 255 for value in instance_id_color(number))
    marker = Marker(header=header, ns='boxes', id=number, type=Marker.CUBE, pose=box.center,
                    color=ColorRGBA(r=red, g=green, b=blue, a=_ALPHA))
    marker.scale.x, marker.scale.y, marker.scale.z = (
        max(side, _THINNEST_M) for side in (box.size.x, box.size.y, box.size.z))
    yield marker
    name = Marker(header=header, ns='names', id=number, type=Marker.TEXT_VIEW_FACING,
                  text=f'{result.class_id} {result.score:.2f}',
                  color=ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0))
    name.scale.z = _LETTERS_M
    name.pose.orientation.w = 1.0
    center = box.center.position        # of an optical frame, whose y points down
    name.pose.position.x, name.pose.position.z = center.x, center.z
    name.pose.position.y = center.y - box.size.y / 2 - _LETTERS_M
    yield name
