# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Launch arguments become parameters of the node."""

import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.node_config.launch_parameters import (
    camera_parameters,
    full_node_name,
    launch_parameters,
    launched_settings,
    rviz_parameters,
    split_list,
)
from instance_seg_ros.node_config.parameters import (
    CAMERA_FIELDS,
    NODE_FIELDS,
    AllSettings,
    CameraSettings,
    NodeSettings,
)

EMPTY = dict.fromkeys(('cameras', 'image_topic', 'transport', 'device', 'checkpoint',
                       'semantic_checkpoint'), '') | {'use_sim_time': 'false'}


def test_lists():
    assert split_list(' front, rear,') == ['front', 'rear'] and split_list('') == []


def test_empty_arguments_leave_the_parameter_file_as_it_is():
    assert launch_parameters(EMPTY) == {'autostart': False}


def test_arguments_become_parameters_that_exist():
    given = {'cameras': 'front,rear', 'image_topic': '/a,/b/compressed', 'transport': 'raw',
             'device': 'cpu', 'checkpoint': 'a', 'semantic_checkpoint': 'b',
             'use_sim_time': 'true'}
    parameters = launch_parameters(given)
    assert parameters == {
        'cameras': ['front', 'rear'], 'front.topic': '/a', 'front.transport': 'raw',
        'rear.topic': '/b/compressed', 'rear.transport': 'compressed', 'transport': 'raw',
        'device': 'cpu', 'checkpoint': 'a', 'semantic_checkpoint': 'b', 'use_sim_time': True,
        'autostart': False}
    for name in parameters.keys() - {'use_sim_time'}:
        camera, _, field = name.rpartition('.')
        assert field in (CAMERA_FIELDS if camera else NODE_FIELDS)


@pytest.mark.parametrize('cameras, topics, expected', [
    ([], [], {}),
    ([], ['/a'], {'topic': '/a'}),
    (['front', 'rear'], [], {'cameras': ['front', 'rear']}),
    (['front'], ['/a'], {'cameras': ['front'], 'front.topic': '/a'})])
def test_topics_of_cameras(cameras, topics, expected):
    assert camera_parameters(cameras, topics, '') == expected


@pytest.mark.parametrize('cameras, topics', [
    ([], ['/a', '/b']), (['front'], ['/a', '/b']), (['front', 'rear'], ['/a'])])
def test_topics_without_cameras_are_rejected(cameras, topics):
    with pytest.raises(UserError, match=f'image_topic has {len(topics)} topics'):
        camera_parameters(cameras, topics, 'raw')


def test_settings_of_a_launch(tmp_path):
    file = tmp_path / 'node.yaml'
    file.write_text('/car/instance_seg: {ros__parameters: {tracking: true, transport: raw}}')
    given = EMPTY | {'params_file': str(file), 'namespace': 'car', 'cameras': 'a,b',
                     'transport': 'compressed', 'use_sim_time': 'true'}
    settings = launched_settings(given)
    assert list(settings.cameras) == ['a', 'b']
    assert all(c.tracking and c.transport == 'compressed' for c in settings.cameras.values())


def test_parameters_for_rviz():
    """Status line and markers, unless the parameter file says otherwise."""
    cameras = {'a': CameraSettings(detections_3d='ground'),
               'b': CameraSettings(detections_3d='ground', markers=True), 'c': CameraSettings()}
    assert rviz_parameters(AllSettings(NodeSettings(), cameras)) == {
        'overlay_items': ['contours', 'names', 'scores', 'status'], 'a.markers': True}
    own = NodeSettings(overlay_items=('legend',), detections_3d='depth')
    assert rviz_parameters(AllSettings(own, {'': own})) == {'markers': True}


@pytest.mark.parametrize('namespace, name', [
    ('', '/instance_seg'), ('car', '/car/instance_seg'), ('/a/b/', '/a/b/instance_seg')])
def test_full_name(namespace, name):
    assert full_node_name(namespace) == name
