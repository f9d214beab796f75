# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Panels of Foxglove: kind and configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """A panel: its kind is the first part of its id in a layout."""

    kind: str
    config: dict[str, Any]


def image_panel(title: str, topic: str, annotations: list[str]) -> Panel:
    """Return a panel with the images of a topic, and topics of annotations drawn on them."""
    mode: dict[str, Any] = {'imageTopic': topic}
    if annotations:
        mode['annotations'] = {topic: {'visible': True} for topic in annotations}
    return Panel('Image', {**_titled(title), **_scene(), 'imageMode': mode})


def scene_panel(title: str, topics: list[str], fixed_frame: str) -> Panel:
    """Return a 3D panel with the markers of some topics."""
    ground = {'instanceId': 'ground', 'layerId': 'foxglove.Grid', 'label': 'Ground, 5 m',
              'visible': True, 'frameId': fixed_frame, 'size': 100, 'divisions': 20,
              'color': '#5a5a5aff', 'position': [0, 0, 0], 'rotation': [0, 0, 0]}
    return Panel('3D', {
        **_titled(title), **_scene(), 'layers': {'ground': ground},
        'cameraState': {'distance': 22, 'perspective': True, 'phi': 70, 'thetaOffset': 90,
                        'targetOffset': [12, 0, 0]},
        'followMode': 'follow-pose', 'followTf': fixed_frame,
        'topics': {topic: {'visible': True} for topic in topics}})


def plot_panel(title: str, paths: dict[str, str]) -> Panel:
    """Return curves over time; `paths` are message paths by the curve's name."""
    return Panel('Plot', {
        **_titled(title),
        'paths': [{'value': value, 'enabled': True, 'timestampMethod': 'receiveTime',
                   'label': label} for label, value in paths.items()],
        'showXAxisLabels': True, 'showYAxisLabels': True, 'showLegend': True,
        'legendDisplay': 'floating', 'showPlotValuesInLegend': True, 'isSynced': True,
        'xAxisVal': 'timestamp', 'sidebarDimension': 240})


def summary_panel(topic: str) -> Panel:
    """Return the levels and messages of diagnostics."""
    return Panel('DiagnosticSummary', {
        **_titled('Diagnostics'), 'minLevel': 0, 'pinnedIds': [],
        'hardwareIdFilter': '', 'topicToRender': topic, 'sortByLevel': True})


def _titled(title: str) -> dict[str, str]:
    """Return the title of a panel under its keys in Foxglove and in Lichtblick."""
    return {'foxglovePanelTitle': title, 'lichtblickPanelTitle': title}


def _scene() -> dict[str, Any]:
    return {'scene': {}, 'transforms': {}, 'topics': {}, 'layers': {}}
