# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The generated table in docs/parameters.md."""

from checkout import ROOT

from instance_seg_ros.node_config import parameter_table
from instance_seg_ros.node_config.parameters import CAMERA_FIELDS, NODE_FIELDS

COMMAND = 'python3 -m instance_seg_ros.node_config.parameter_table docs/parameters.md'


def test_page_is_up_to_date():
    text = (ROOT / 'docs' / 'parameters.md').read_text()
    assert COMMAND in text
    assert parameter_table.with_table(text) == text, f'run: {COMMAND}'


def test_one_row_per_parameter():
    rows = parameter_table.markdown_table().splitlines()[2:]
    assert len(rows) == len(NODE_FIELDS) and len({row.count('|') for row in rows}) == 1
    per_camera = {row.split('`')[1] for row in rows if '` (per camera)' in row}
    assert per_camera == set(CAMERA_FIELDS)


def test_table_between_the_comments_is_replaced():
    text = 'a\n<!-- parameters: how -->\nold\n<!-- end of parameters -->\nb\n'
    assert parameter_table.with_table(text) == text.replace(
        'old\n', parameter_table.markdown_table())
