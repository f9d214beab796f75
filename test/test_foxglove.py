# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Foxglove layouts: whole, and about topics that there are."""

import json
import re

import pytest
import yaml
from checkout import ROOT

FOLDER = ROOT / 'config' / 'foxglove'
OUTPUTS = {'instance_mask', 'class_mask', 'overlay', 'detections'}
LAYOUTS = sorted(FOLDER.glob('*.json'))


def panels(node):
    """Return the panels in a layout's tree."""
    if isinstance(node, str):
        return [node]
    return panels(node['first']) + panels(node['second'])


def topics(path):
    """Return the topics of a layout, and of these the node's outputs by themselves."""
    found = set(re.findall(r'"(/[a-z_/]+)', path.read_text()))
    of_node = {topic.removeprefix('/instance_seg/') for topic in found
               if topic.startswith('/instance_seg/')}
    return {t for t in found if not t.startswith('/instance_seg/')}, of_node


@pytest.mark.parametrize('path', LAYOUTS, ids=lambda path: path.stem)
def test_every_panel_is_placed_once_and_configured(path):
    """The tree and the configurations name the same panels."""
    layout = json.loads(path.read_text())
    assert sorted(panels(layout['layout'])) == sorted(layout['configById'])


def test_topics_are_those_of_the_node():
    """Names fixed for everyone, under the node's default name."""
    others, of_node = topics(FOLDER / 'instance_seg.json')
    assert {t for t in of_node if not t.startswith('debug/')} == OUTPUTS
    assert all(re.fullmatch(r'debug/[a-z]+_ms', t) for t in of_node - OUTPUTS)
    assert others == {'/image_raw', '/diagnostics'}


def test_topics_are_those_of_several_cameras():
    """Each camera of the parameters file has its overlay, its masks and its curves."""
    text = (ROOT / 'config' / 'multi_camera.yaml').read_text()
    cameras = yaml.safe_load(text)['/**']['ros__parameters']['cameras']
    others, of_node = topics(FOLDER / 'multi_camera.json')
    assert others == {'/diagnostics'}
    assert of_node == {f'{camera}/{name}' for camera in cameras for name in (
        'overlay', 'instance_mask', 'detections', 'debug/total_ms')}
