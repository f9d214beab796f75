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


def image_panel(title: str, topic: str) -> Panel:
    """Return a panel with the images of a topic."""
    return Panel('Image', {'foxglovePanelTitle': title, **_scene(),
                           'imageMode': {'imageTopic': topic}})


def scene_panel(title: str, topics: list[str], fixed_frame: str) -> Panel:
    """Return a 3D panel with the markers of some topics."""
    return Panel('3D', {'foxglovePanelTitle': title, **_scene(), 'imageMode': {},
                        'followTf': fixed_frame,
                        'topics': {topic: {'visible': True} for topic in topics}})


def plot_panel(title: str, paths: dict[str, str]) -> Panel:
    """Return curves over time; `paths` are message paths by the curve's name."""
    return Panel('Plot', {
        'foxglovePanelTitle': title,
        'paths': [{'value': value, 'enabled': True, 'timestampMethod': 'receiveTime',
                   'label': label} for label, value in paths.items()],
        'showXAxisLabels': True, 'showYAxisLabels': True, 'showLegend': True,
        'legendDisplay': 'floating', 'showPlotValuesInLegend': True, 'isSynced': True,
        'xAxisVal': 'timestamp', 'sidebarDimension': 240})


def summary_panel(topic: str) -> Panel:
    """Return the levels and messages of diagnostics."""
    return Panel('DiagnosticSummary', {
        'foxglovePanelTitle': 'Diagnostics', 'minLevel': 0, 'pinnedIds': [],
        'hardwareIdFilter': '', 'topicToRender': topic, 'sortByLevel': True})


def _scene() -> dict[str, Any]:
    return {'cameraState': {}, 'followMode': 'follow-pose', 'scene': {}, 'transforms': {},
            'topics': {}, 'layers': {}, 'publish': {}}
