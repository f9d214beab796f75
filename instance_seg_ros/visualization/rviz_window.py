# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Places and sizes of RViz's panes.

RViz keeps them as `QMainWindow State`, the bytes of Qt's `saveState()`, in which every pane is
found by its title. `rviz_states.json` has the states of windows with 1 to 9 cameras, made by
scripts/make_rviz_states.py with placeholders as titles.
"""

from __future__ import annotations

import json
import struct
from functools import cache
from importlib.resources import files
from typing import Any

WIDTH, HEIGHT = 1900, 1000


def window_geometry(titles: list[str], is_one_camera: bool, with_3d: bool) -> dict[str, Any]:
    """Return the section `Window Geometry` of a configuration.

    Args:
        titles: of the panes, the overlay of the only camera first.
        is_one_camera: whether all panes are of one camera.
        with_3d: whether there is something in the 3D view.
    """
    geometry = {'X': 0, 'Y': 0, 'Width': WIDTH, 'Height': HEIGHT,
                'Hide Left Dock': False, 'Hide Right Dock': False,
                **{title: {'collapsed': False} for title in ('Displays', *titles)}}
    kind = f'{"one_camera" if is_one_camera else "cameras"}_{len(titles)}'
    state = _states().get(f'{kind}_3d' if with_3d else kind)
    if state is not None:       # without one RViz stacks the panes
        geometry['QMainWindow State'] = with_titles(bytes.fromhex(state), titles).hex()
    return geometry


def with_titles(state: bytes, titles: list[str]) -> bytes:
    """Return a state with these titles in place of `pane 0`, `pane 1`, ..."""
    for number, title in enumerate(titles):
        state = state.replace(_qstring(f'pane {number}'), _qstring(title))
    return state


def _qstring(text: str) -> bytes:
    """Return a QString as QDataStream writes it: length in bytes, UTF-16 big endian."""
    data = text.encode('utf-16-be')
    return struct.pack('>I', len(data)) + data


@cache
def _states() -> dict[str, str]:
    return json.loads(files(__package__).joinpath('rviz_states.json').read_text('utf-8'))
