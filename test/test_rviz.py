# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped layouts: as the package writes them, with displays that every RViz has."""

import re

import pytest
from checkout import ROOT

from instance_seg_ros.visualization.write_layouts import shipped_layouts

COMMAND = 'python3 -m instance_seg_ros.visualization.write_layouts --shipped config'
LAYOUTS = dict(shipped_layouts(ROOT / 'config'))


def test_folders_have_these_layouts_and_no_other():
    found = {path for name in ('rviz', 'foxglove') for path in (ROOT / 'config' / name).iterdir()}
    assert found == LAYOUTS.keys()


@pytest.mark.parametrize('path', LAYOUTS, ids=lambda path: path.name)
def test_files_are_up_to_date(path):
    assert path.read_text() == LAYOUTS[path], f'run: {COMMAND}'


@pytest.mark.parametrize('path', [p for p in LAYOUTS if p.suffix == '.rviz'],
                         ids=lambda path: path.name)
def test_no_plugin_is_needed(path):
    kinds = re.findall(r'Class: (\S+)', path.read_text())
    assert {kind.partition('/')[0] for kind in kinds} - {"''"} == {
        'rviz_default_plugins', 'rviz_common'}
