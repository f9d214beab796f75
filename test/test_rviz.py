# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What RViz shows: displays that every RViz has, of topics that there are."""

import re

import pytest
import yaml
from checkout import ROOT

OUTPUTS = {'overlay', 'instance_mask', 'class_mask', 'markers', 'points', 'free_space'}
FILES = {path.stem: path for path in (ROOT / 'config' / 'rviz').glob('*.rviz')}
PARAMETERS = {'instance_seg': ROOT / 'config' / 'instance_seg.yaml',
              'multi_camera': ROOT / 'config' / 'multi_camera.yaml'}


def displays(path):
    return yaml.safe_load(path.read_text())['Visualization Manager']['Displays']


def topics(path):
    return {display['Topic']['Value'] for display in displays(path) if 'Topic' in display}


def cameras(path):
    """Return the image topics of the cameras in a parameters file by name, '' for the only one."""
    parameters = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    names = parameters.get('cameras')
    return {name: parameters[name]['topic'] for name in names} if names else {
        '': parameters['topic']}


def test_every_parameters_file_has_one():
    assert FILES.keys() == PARAMETERS.keys()


@pytest.mark.parametrize('name', FILES)
def test_no_plugin_is_needed(name):
    kinds = re.findall(r'Class: (\S+)', FILES[name].read_text())
    assert {kind.partition('/')[0] for kind in kinds} - {'""'} == {
        'rviz_default_plugins', 'rviz_common'}


@pytest.mark.parametrize('name', FILES)
def test_topics_are_those_of_the_parameters_file(name):
    """Of each camera its picture and all outputs that RViz can show, relative as the node's."""
    found = cameras(PARAMETERS[name])
    own = {f'instance_seg/{camera}/{output}'.replace('//', '/')
           for camera in found for output in OUTPUTS}
    assert topics(FILES[name]) == own | set(found.values())


@pytest.mark.parametrize('name', FILES)
def test_windows_are_those_of_the_pictures(name):
    """Each picture that is shown has its place, under a name of its own."""
    content = yaml.safe_load(FILES[name].read_text())
    names = [display['Name'] for display in displays(FILES[name])]
    pictures = {d['Name'] for d in displays(FILES[name])
                if d['Class'].endswith('/Image') and d['Enabled']}
    assert len(set(names)) == len(names)
    assert {k for k, v in content['Window Geometry'].items() if isinstance(v, dict)} == pictures


@pytest.mark.parametrize('name', FILES)
def test_masks_keep_all_their_values(name):
    """A label image is neither stretched nor cut: its range is that of the label ids."""
    for display in displays(FILES[name]):
        if display['Name'].lower().endswith('class mask'):
            assert (display['Min Value'], display['Max Value']) == (0, 34)
