# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Boxes of the instances as one image marker, which Foxglove draws on the camera's image."""

from __future__ import annotations

from ..perception.frame_processor import ProcessedFrame
from ..perception.overlay import instance_color
from .fields import Fields, vector_fields

LINE_LIST = 2
_WIDTH_PX = 3.0


def annotations_fields(frame: ProcessedFrame) -> Fields:
    """Return a visualization_msgs/ImageMarker with the edges of all boxes.

    Points are in pairs, in pixels; `outline_colors` has one colour per pair, that of the instance
    in the overlay.
    """
    points, colors = [], []
    for instance in frame.result.instances:
        points += _edges(*instance.box)
        colors += 4 * [_color(instance_color(instance, frame.result,
                                             frame.overlay_style.palette))]
    return {'header': frame.header, 'ns': 'boxes', 'type': LINE_LIST, 'scale': _WIDTH_PX,
            'outline_color': _color((255, 255, 255)), 'points': points, 'outline_colors': colors}


def _edges(x0: int, y0: int, x1: int, y1: int) -> list[Fields]:
    corners = [vector_fields(float(x), float(y), 0.0)
               for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    return [corner for pair in zip(corners, corners[1:] + corners[:1], strict=True)
            for corner in pair]


def _color(rgb: tuple) -> Fields:
    return {**{name: value / 255 for name, value in zip('rgb', rgb, strict=True)}, 'a': 1.0}
