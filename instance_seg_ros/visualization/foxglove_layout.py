# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The layout of Foxglove for the cameras of a node.

Images on the left; latency, number of instances and diagnostics on the right; a 3D panel where
there are positions. Topics in a layout are absolute.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

from .foxglove_panels import Panel, image_panel, plot_panel, scene_panel, summary_panel
from .panes import COUNTS, LATENCY, CameraPanes
from .rviz_layout import BASE_FRAME

_IMAGES = ('image', 'class_overlay', 'instance_overlay')
_STAGES = ('total', 'network', 'clustering', 'masks', 'publish')
Tree = dict[str, Any] | str


def foxglove_layout(cameras: list[CameraPanes], fixed_frame: str = BASE_FRAME) -> dict[str, Any]:
    """Return the content of a layout file.

    Args:
        cameras: what to show; topics are absolute.
        fixed_frame: of the 3D panel.
    """
    one = cameras[0] if len(cameras) == 1 else None
    images = _of_one(one) if one else _grid([_image(c, 'overlay') for c in cameras])
    plots = [_latency(cameras), _counts(cameras), summary_panel('/diagnostics')]
    in_3d = [camera.topic(output) for camera in cameras for output in camera.in_3d]
    if in_3d:
        plots.insert(0, scene_panel('Positions', in_3d, fixed_frame))
    panels: dict[str, dict] = {}
    tree = _split('row', [images, _split('column', plots, panels)], panels, 70)
    return {'configById': panels, 'globalVariables': {}, 'userNodes': {},
            'playbackConfig': {'speed': 1}, 'layout': tree}


def _image(camera: CameraPanes, output: str) -> Panel:
    boxes = [camera.topic('annotations')] if output == 'image' else []
    return image_panel(camera.title(output), camera.topic(output), boxes)


def _of_one(camera: CameraPanes) -> Any:
    """Return a large overlay above the other images."""
    return 'column', [_image(camera, 'overlay'), ('row', [_image(camera, o) for o in _IMAGES],
                                                  None)], 65


def _grid(panels: list[Panel]) -> Any:
    columns = ceil(sqrt(len(panels)))
    rows = [('row', panels[k:k + columns], None) for k in range(0, len(panels), columns)]
    return 'column', rows, None


def _latency(cameras: list[CameraPanes]) -> Panel:
    stages = _STAGES if len(cameras) == 1 else _STAGES[:1]
    return plot_panel(LATENCY, {
        ' '.join(filter(None, (camera.name, stage))): f'{camera.topic(f"debug/{stage}_ms")}.data'
        for camera in cameras for stage in stages})


def _counts(cameras: list[CameraPanes]) -> Panel:
    return plot_panel(COUNTS, {
        camera.name or 'instances': f'{camera.topic("detections")}.detections.@length'
        for camera in cameras})


def _split(direction: str, parts: list, panels: dict[str, dict],
           first_percent: float | None = None) -> Tree:
    """Return the tree of a row or column, which has exactly two parts in Foxglove.

    Args:
        direction: `row` or `column`.
        parts: panels, trees, or (direction, parts, first_percent).
        panels: gets the configuration of each panel by its id.
        first_percent: of the space for the first part; None: as much as for each other one.
    """
    first, *rest = parts
    if not rest:
        return _tree(first, panels)
    return {'direction': direction, 'splitPercentage': first_percent or 100 / len(parts),
            'first': _tree(first, panels), 'second': _split(direction, rest, panels)}


def _tree(part: Any, panels: dict[str, dict]) -> Tree:
    if isinstance(part, Panel):
        identity = f'{part.kind}!{len(panels)}'
        panels[identity] = part.config
        return identity
    return part if isinstance(part, dict) else _split(part[0], part[1], panels, part[2])
