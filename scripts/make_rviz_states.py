#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Compute where RViz places its panes: `QMainWindow.saveState()` of windows arranged like RViz's.

Needs PyQt5 (`pip install PyQt5`), which the package itself does not need:

    QT_QPA_PLATFORM=offscreen python3 scripts/make_rviz_states.py

It writes instance_seg_ros/visualization/rviz_states.json. `--check FOLDER` restores each state in
a new window, prints the sizes of its panes and writes a screenshot.
"""

from __future__ import annotations

import argparse
import json
from math import ceil, sqrt
from pathlib import Path

from PyQt5.QtCore import QByteArray, Qt
from PyQt5.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QToolButton,
    QWidget,
)

STATES = Path(__file__).parents[1] / 'instance_seg_ros' / 'visualization' / 'rviz_states.json'
SIZE = 1900, 1000
"""Of the window in pixels: fits a screen of 1920x1080 with the desktop's bars."""
MOST_CAMERAS = 9
_WITHOUT_3D, _WITH_3D = SIZE[0] - 50, 1230
"""Width of the images next to RViz's 3D view, which cannot be closed but made narrow."""


def pane_names(count: int) -> list[str]:
    """Return the names of the panes in a state; the layout puts the real ones in their place."""
    return [f'pane {number}' for number in range(count)]


class RvizLikeWindow(QMainWindow):
    """A main window with the parts of RViz's that a state refers to."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.resize(*SIZE)
        self.menuBar().addMenu('File')
        self.addToolBar('Tools').setObjectName('Tools')
        self.statusBar()
        self.setCentralWidget(self._central())
        self.displays = self._dock('Displays', Qt.RightDockWidgetArea)
        self.panes = [self._dock(name, Qt.LeftDockWidgetArea) for name in pane_names(count)]

    @staticmethod
    def _central() -> QWidget:
        central, layout = QWidget(), QHBoxLayout()
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        view = QWidget()
        view.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        for widget, stretch in ((QToolButton(), 0), (view, 1), (QToolButton(), 0)):
            if not stretch:
                widget.setFixedWidth(16)
            layout.addWidget(widget, stretch)
        central.setLayout(layout)
        return central

    def _dock(self, name: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(name)
        dock.setObjectName(name)
        label = QLabel(name, alignment=Qt.AlignCenter)
        label.setStyleSheet('background: #405060; color: white')
        label.setMinimumSize(1, 1)
        label.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Ignored)
        dock.setWidget(label)
        self.addDockWidget(area, dock)
        return dock

    def settle(self) -> None:
        """Let Qt lay the window out."""
        self.show()
        for _ in range(5):
            QApplication.processEvents()


def one_camera(window: RvizLikeWindow, with_3d: bool) -> None:
    """Place a large overlay, and the other images in a column, or below it next to a 3D view."""
    overlay, *others = window.panes
    if with_3d:
        window.addDockWidget(Qt.BottomDockWidgetArea, others[0])
    else:
        window.splitDockWidget(overlay, others[0], Qt.Horizontal)
    direction = Qt.Horizontal if with_3d else Qt.Vertical
    for first, second in zip(others, others[1:]):  # noqa: B905 (pairs of neighbours)
        window.splitDockWidget(first, second, direction)
    window.settle()
    if with_3d:
        window.resizeDocks([overlay], [_WITH_3D], Qt.Horizontal)
        window.resizeDocks([others[0]], [330], Qt.Vertical)
    else:
        window.resizeDocks([overlay, others[0]], [_WITHOUT_3D - 520, 520], Qt.Horizontal)
    window.resizeDocks(others, [300] * len(others), direction)


def several_cameras(window: RvizLikeWindow, with_3d: bool) -> None:
    """Place the overlays in a grid."""
    panes, width = window.panes, _WITH_3D if with_3d else _WITHOUT_3D
    columns = ceil(sqrt(len(panes)))
    rows = [panes[k:k + columns] for k in range(0, len(panes), columns)]
    for upper, lower in zip(rows, rows[1:]):  # noqa: B905 (pairs of neighbours)
        window.splitDockWidget(upper[0], lower[0], Qt.Vertical)
    for row in rows:
        for left, right in zip(row, row[1:]):  # noqa: B905
            window.splitDockWidget(left, right, Qt.Horizontal)
    window.settle()
    for row in rows:
        window.resizeDocks(row, [width // len(row)] * len(row), Qt.Horizontal)
    window.resizeDocks([row[0] for row in rows], [900 // len(rows)] * len(rows), Qt.Vertical)


def arrangements():
    """Yield the key of each state, its number of panes and the function that places them."""
    for with_3d in (False, True):
        ending = '_3d' if with_3d else ''
        yield f'one_camera_4{ending}', 4, one_camera, with_3d
        for count in range(2, MOST_CAMERAS + 1):
            yield f'cameras_{count}{ending}', count, several_cameras, with_3d


def state(count: int, place, with_3d: bool) -> str:
    """Return the state of a window, hexadecimal."""
    window = RvizLikeWindow(count)
    place(window, with_3d)
    window.displays.hide()
    window.settle()
    return bytes(window.saveState().toHex()).decode()


def check(folder: Path, key: str, count: int, text: str) -> None:
    """Restore a state, as RViz does, and show the result."""
    window = RvizLikeWindow(count)
    if not window.restoreState(QByteArray.fromHex(text.encode())):
        raise SystemExit(f'{key}: Qt rejects the state')
    window.settle()
    window.grab().save(str(folder / f'{key}.png'))
    sizes = ' '.join(f'{p.width()}x{p.height()}' for p in window.panes)
    print(f'{key}: {sizes}, 3D view {window.centralWidget().width()} wide')


def main() -> None:
    """Write the states, or show them."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--check', type=Path, metavar='FOLDER')
    folder = parser.parse_args().check
    application = QApplication([])
    if folder is None:
        states = {key: state(*rest) for key, *rest in arrangements()}
        STATES.write_text(json.dumps(states, indent=1) + '\n', encoding='utf-8')
    else:
        folder.mkdir(parents=True, exist_ok=True)
        states = json.loads(STATES.read_text(encoding='utf-8'))
        for key, count, *_ in arrangements():
            check(folder, key, count, states[key])
    application.quit()


if __name__ == '__main__':
    main()
