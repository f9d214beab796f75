# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""3D detections as markers: boxes, names, distances and velocities for RViz."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..perception.frame_processor import ProcessedFrame
from ..perception.overlay import instance_color
from ..perception.positions import Located, Position3D
from .fields import Fields, pose_fields, vector_fields

DELETE_ALL, ARROW, CUBE, TEXT_VIEW_FACING = 3, 0, 1, 9
_ALPHA = 0.4
_THINNEST_M = 0.05
"""Positions on flat ground have no depth; RViz warns about a box without one."""
_LETTERS_M = 0.6
_ARROW_S = 1.0
"""An arrow ends where the object is after this time."""


def markers_fields(frame: ProcessedFrame) -> Fields:
    """Return a visualization_msgs/MarkerArray that replaces the one before."""
    header = frame.positions_header
    return {'markers': [
        {'header': header, 'action': DELETE_ALL},
        *(marker for located in frame.positions
          for marker in _of_object(located, header, _color(located, frame)))]}


def _color(located: Located, frame: ProcessedFrame) -> Fields:
    """Return the colour of an instance in the overlay, without its opacity."""
    rgb = instance_color(located.instance, frame.result, frame.overlay_style.palette)
    return {name: value / 255 for name, value in zip('rgb', rgb, strict=True)}


def _of_object(located: Located, header: Any, color: Fields) -> Iterator[Fields]:
    instance, position = located
    yield {'header': header, 'ns': 'boxes', 'id': instance.id, 'type': CUBE,
           'pose': pose_fields(position),
           'scale': vector_fields(*(max(side, _THINNEST_M) for side in position.size)),
           'color': {**color, 'a': _ALPHA}}
    yield {'header': header, 'ns': 'names', 'id': instance.id, 'type': TEXT_VIEW_FACING,
           'pose': {'position': vector_fields(*_above(position))},
           'scale': {'z': _LETTERS_M}, 'color': {'r': 1.0, 'g': 1.0, 'b': 1.0, 'a': 1.0},
           'text': f'{instance.label} {float(instance.score):.2f}, '
                   f'{math.hypot(*position.center):.1f} m'}
    if position.motion is not None and position.motion.moves:
        end = position.motion.position + _ARROW_S * position.motion.velocity
        yield {'header': header, 'ns': 'velocities', 'id': instance.id, 'type': ARROW,
               'points': [vector_fields(*p.tolist()) for p in (position.motion.position, end)],
               'scale': vector_fields(0.15, 0.3, 0.3),
               'color': {**color, 'a': 1.0}}


def _above(position: Position3D) -> list[float]:
    """Return the position of the name, above the box."""
    if position.rotation is None:       # the axes of an optical frame, whose y points down
        height = position.size[1] / 2
    else:
        height = float(np.abs(np.array(position.up) @ position.rotation) @ position.size) / 2
    return (np.array(position.center) + (height + _LETTERS_M) * np.array(position.up)).tolist()
