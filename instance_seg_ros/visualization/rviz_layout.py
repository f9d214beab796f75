# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The configuration of RViz for the cameras of a node.

One camera: a large overlay, next to it the camera's image, classes and instances. Several: a grid
of overlays. The 3D view has something to show, and space, only where there are positions.
"""

from __future__ import annotations

from typing import Any

import yaml

from .panes import CameraPanes
from .rviz_displays import IN_3D, ground_display, image_display, orbit_view
from .rviz_window import window_geometry

BASE_FRAME = 'base_link'
_ONE_CAMERA = ('overlay', 'image', 'class_overlay', 'instance_overlay')
_OPTICAL = ('optical', 'camera')
"""In names of the frames of images, whose z axis points forward (REP 103)."""


def rviz_layout(cameras: list[CameraPanes], fixed_frame: str = BASE_FRAME) -> dict[str, Any]:
    """Return the content of RViz's configuration file.

    Args:
        cameras: what to show.
        fixed_frame: of the 3D view.
    """
    shown = [(camera, output) for camera in cameras
             for output in (_ONE_CAMERA if len(cameras) == 1 else ('overlay',))]
    titles = [camera.title(output) for camera, output in shown]
    displays = [image_display(title, _topic(camera, output))
                for title, (camera, output) in zip(titles, shown, strict=True)]
    in_3d = [(camera, output) for camera in cameras for output in camera.in_3d]
    is_optical = any(word in fixed_frame for word in _OPTICAL)
    if in_3d:
        displays += [ground_display(is_optical), *(
            IN_3D[output](camera.title(output), camera.topic(output))
            for camera, output in in_3d)]
    return {
        'Panels': [{'Class': 'rviz_common/Displays', 'Name': 'Displays'}],
        'Visualization Manager': _manager(displays, fixed_frame, is_optical),
        'Window Geometry': window_geometry(titles, len(cameras) == 1, bool(in_3d))}


def _topic(camera: CameraPanes, output: str) -> str:
    # RViz has no decoder of compressed images of its own.
    return camera.topic('input_image' if output == 'image' and camera.is_compressed else output)


def _manager(displays: list[dict], fixed_frame: str, is_optical: bool) -> dict[str, Any]:
    tools = ('Interact', 'MoveCamera', 'Select', 'FocusCamera', 'Measure')
    return {
        'Class': '', 'Name': 'root', 'Enabled': True, 'Value': True, 'Displays': displays,
        'Global Options': {'Background Color': '48; 48; 48', 'Fixed Frame': fixed_frame,
                           'Frame Rate': 30},
        'Tools': [{'Class': f'rviz_default_plugins/{tool}'} for tool in tools],
        'Transformation': {'Current': {'Class': 'rviz_default_plugins/TF'}},
        'Views': {'Current': orbit_view(is_optical), 'Saved': None}}


def rviz_text(layout: dict[str, Any], comment: str) -> str:
    """Return a layout as the text of a file, with a comment at the top."""
    lines = ''.join(f'# {line}\n' for line in comment.splitlines())
    return lines + yaml.safe_dump(layout, sort_keys=False, width=1 << 20)
