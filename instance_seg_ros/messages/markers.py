# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""3D detections as markers: boxes and names for RViz, which has no display for vision_msgs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..perception.frame_processor import ProcessedFrame
from ..perception.overlay import instance_id_color
from ..perception.positions import Located
from .fields import Fields, vector_fields

DELETE_ALL, CUBE, TEXT_VIEW_FACING = 3, 1, 9
_ALPHA = 0.4
_THINNEST_M = 0.05
"""Positions on flat ground have no depth; RViz warns about a box without one."""
_LETTERS_M = 0.4


def markers_fields(frame: ProcessedFrame) -> Fields:
    """Return a visualization_msgs/MarkerArray that replaces the one before."""
    return {'markers': [
        {'header': frame.header, 'action': DELETE_ALL},
        *(marker for located in frame.positions
          for marker in _box_and_name(located, frame.header))]}


def _box_and_name(located: Located, header: Any) -> Iterator[Fields]:
    instance, ((x, y, z), size) = located.instance, (
        located.position.center, located.position.size)
    red, green, blue = (value / 255 for value in instance_id_color(instance.id))
    yield {'header': header, 'ns': 'boxes', 'id': instance.id, 'type': CUBE,
           'pose': {'position': vector_fields(x, y, z)},
           'scale': vector_fields(*(max(side, _THINNEST_M) for side in size)),
           'color': {'r': red, 'g': green, 'b': blue, 'a': _ALPHA}}
    top = y - size[1] / 2 - _LETTERS_M      # y points down in an optical frame
    yield {'header': header, 'ns': 'names', 'id': instance.id, 'type': TEXT_VIEW_FACING,
           'pose': {'position': vector_fields(x, top, z)},
           'scale': {'z': _LETTERS_M}, 'color': {'r': 1.0, 'g': 1.0, 'b': 1.0, 'a': 1.0},
           'text': f'{instance.label} {float(instance.score):.2f}'}
