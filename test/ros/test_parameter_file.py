# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A parameters file read without ROS comes to what the node makes of it."""

import subprocess
import sys

import pytest
import yaml
from checkout import ROOT, child_environment

from instance_seg_ros.errors import UserError
from instance_seg_ros.ros.parameter_file import read_parameters

FILES = {
    'shipped': (ROOT / 'config' / 'instance_seg.yaml').read_text(),
    'several cameras': (ROOT / 'config' / 'multi_camera.yaml').read_text(),
    'the nearest name counts': yaml.safe_dump({
        'instance_seg': {'ros__parameters': {'min_area': 7}},
        '/**': {'ros__parameters': {'min_area': 5, 'bandwidth': 1.0}},
        '/other': {'ros__parameters': {'min_area': 9}}}),
    'in a namespace': yaml.safe_dump({
        'car': {'instance_seg': {'ros__parameters': {'min_area': 9}}},
        '/*': {'ros__parameters': {'roi': [1, 2, 3, 4]}}}),
    'empty lists, nested cameras': yaml.safe_dump({'/**': {'ros__parameters': {
        'cameras': ['a', 'b'], 'classes': [''], 'rotation': 90, 'topic': 'x', 'use_sim_time': True,
        'a': {'rotation': 180, 'ego_mask': '0,0 9,0 9,9'}, 'b.tracking': True}}}),
}


@pytest.mark.ros
@pytest.mark.parametrize('text', FILES.values(), ids=FILES)
def test_as_the_node_reads_it(text, tmp_path):
    rclpy = pytest.importorskip('rclpy')
    from instance_seg_ros.ros.parameter_server import ParameterServer
    file = tmp_path / 'parameters.yaml'
    file.write_text(text)
    context = rclpy.Context()
    rclpy.init(context=context, args=['--ros-args', '--params-file', str(file)])
    node = rclpy.create_node('instance_seg', context=context)
    try:
        expected = ParameterServer(node, lambda settings: None, lambda: False).settings
    finally:
        node.destroy_node()
        context.shutdown()
    assert read_parameters(file) == expected


@pytest.mark.parametrize('text, said', [
    ('/**: {ros__parameters: {bandwidth: 1}}', 'bandwidth must be of type double, not 1'),
    ('/**: {ros__parameters: {roi: 5}}', r'roi must be of type int\[\], not 5'),
    ('/**: {ros__parameters: {rotation: 45}}', 'rotation: 45 is not one of 0, 90'),
    ('/**: {ros__parameters: {cameras: [a], a: {roi: [1]}}}', r'a.roi: \[1\] is not x, y'),
    ('/**: {parameters: {}}', 'no section ros__parameters'),
    ('a: [', 'is no YAML: .* in line 1, column 5'),
    ('a: \x01', 'is no YAML: unacceptable character'),
])
def test_what_is_wrong_is_named(text, said, tmp_path):
    file = tmp_path / 'parameters.yaml'
    file.write_text(text)
    with pytest.raises(UserError, match=said):
        read_parameters(file)


def test_other_names_are_told(tmp_path, caplog):
    file = tmp_path / 'parameters.yaml'
    file.write_text('/**: {ros__parameters: {score_treshold: 0.5}}')
    assert read_parameters(file).cameras and 'score_treshold is no parameter' in caplog.text


def test_it_needs_no_ros():
    program = ("import sys; sys.modules['rclpy'] = None\n"
               'import instance_seg_ros.ros.model, instance_seg_ros.ros.parameter_file, '
               'instance_seg_ros.offline.plan')
    subprocess.run([sys.executable, '-c', program], env=child_environment(), check=True)
