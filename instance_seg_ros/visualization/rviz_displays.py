# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Displays of RViz as entries of its configuration file."""

from __future__ import annotations

from typing import Any

from ..node_config.parameters import CameraSettings

Entry = dict[str, Any]


def image_display(title: str, topic: str) -> Entry:
    """Return a pane with a colour image; RViz takes the transport from the end of the topic."""
    return _display('Image', title, Topic=_best_effort(topic), **{'Normalize Range': True})


def markers_display(title: str, topic: str) -> Entry:
    """Return boxes and texts in the 3D view."""
    return _display('MarkerArray', title, Topic=_best_effort(topic))


def points_display(title: str, topic: str) -> Entry:
    """Return a cloud in its own colours in the 3D view."""
    return _display('PointCloud2', title, Topic=_best_effort(topic), Style='Points', **{
        'Size (Pixels)': 2, 'Color Transformer': 'RGB8', 'Position Transformer': 'XYZ'})


def scan_display(title: str, topic: str) -> Entry:
    """Return the distances of a LaserScan in the 3D view."""
    return _display('LaserScan', title, Topic=_best_effort(topic), Style='Flat Squares', **{
        'Size (m)': 0.1})


IN_3D = {'markers': markers_display, 'points': points_display, 'free_space': scan_display}
"""Display by output."""


def ground_display(in_optical_frame: bool) -> Entry:
    """Return a grid of 5 m cells on the ground.

    Args:
        in_optical_frame: axes are those of a camera, of the default height: x right, y down,
            z forward; otherwise z is up.
    """
    height = CameraSettings().camera_height_m if in_optical_frame else 0
    return _display('Grid', 'Ground, 5 m', Plane='XZ' if in_optical_frame else 'XY',
                    Color='90; 90; 90', **{'Cell Size': 5, 'Plane Cell Count': 20,
                                           'Offset': {'X': 0, 'Y': height, 'Z': 0}})


def orbit_view(in_optical_frame: bool) -> Entry:
    """Return the view on the scene in front of a vehicle, from behind and above."""
    focus = {'X': 0, 'Y': 0, 'Z': 15} if in_optical_frame else {'X': 15, 'Y': 0, 'Z': 0}
    # RViz's yaw and pitch are about z, which points forward in an optical frame.
    yaw, pitch = (-1.5708, -1.2) if in_optical_frame else (3.1416, 0.35)
    return {'Class': 'rviz_default_plugins/Orbit', 'Name': 'Current View', 'Distance': 22,
            'Yaw': yaw, 'Pitch': pitch, 'Focal Point': focus,
            'Target Frame': '<Fixed Frame>'}


def _display(kind: str, title: str, **entries: Any) -> Entry:
    return {'Class': f'rviz_default_plugins/{kind}', 'Name': title, 'Enabled': True,
            'Value': True, **entries}


def _best_effort(topic: str) -> Entry:
    """Return a subscription that is compatible with every publisher."""
    return {'Value': topic, 'Depth': 1, 'History Policy': 'Keep Last',
            'Reliability Policy': 'Best Effort', 'Durability Policy': 'Volatile'}
