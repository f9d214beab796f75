# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Foxglove layout: whole, and about topics that there are."""

import json
import re

from checkout import ROOT

LAYOUT = ROOT / 'config' / 'foxglove' / 'instance_seg.json'
OUTPUTS = {'instance_mask', 'class_mask', 'overlay', 'detections'}


def panels(node):
    """Return the panels in a layout's tree."""
    if isinstance(node, str):
        return [node]
    return panels(node['first']) + panels(node['second'])


def test_every_panel_is_placed_once_and_configured():
    """The tree and the configurations name the same panels."""
    layout = json.loads(LAYOUT.read_text())
    assert sorted(panels(layout['layout'])) == sorted(layout['configById'])


def test_topics_are_those_of_the_node():
    """Names fixed for everyone, under the node's default name."""
    topics = set(re.findall(r'"(/[a-z_/]+)', LAYOUT.read_text()))
    of_node = {topic.removeprefix('/instance_seg/') for topic in topics
               if topic.startswith('/instance_seg/')}
    assert {t for t in of_node if not t.startswith('debug/')} == OUTPUTS
    assert all(re.fullmatch(r'debug/[a-z]+_ms', t) for t in of_node - OUTPUTS)
    assert {t for t in topics if not t.startswith('/instance_seg/')} == {
        '/image_raw', '/diagnostics'}
