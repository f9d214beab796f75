# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A parameters file read without ROS comes to what the node makes of it."""

import subprocess
import sys

import pytest
import yaml
from checkout import ROOT, child_environment

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.node_config import rcl_yaml
from instance_seg_ros.node_config.parameter_file import read_parameters
from instance_seg_ros.node_config.renamed_parameters import RENAMED


def sections(*names):
    """Return a file with a section for each of the names, all different."""
    return ''.join(f'{name}: {{ros__parameters: {{min_area: {n}}}}}\n'
                   for n, name in enumerate(names, 1))


FILES = {
    'shipped': (ROOT / 'config' / 'instance_seg.yaml').read_text(),
    'several cameras': (ROOT / 'config' / 'multi_camera.yaml').read_text(),
    'the last name counts': sections('instance_seg', '/**', '/other'),
    'the near name is the last': sections('/**', 'instance_seg'),
    'any namespace': sections('/**/instance_seg'),
    'one part': sections('/*'),
    'a namespace of one part': sections('car/*', '/car/instance_seg'),
    'nested names': yaml.safe_dump({
        '/**': {'ros__parameters': {'min_area': 3}},
        'car': {'instance_seg': {'ros__parameters': {'min_area': 9}}},
        '/*': {'ros__parameters': {'roi': [1, 2, 3, 4]}}}, sort_keys=False),
    'on, off and numbers': '/**: {ros__parameters: {half: off, detections_3d: off, tracking: y, '
                           'max_rate_hz: 1e2, min_area: 0x10, max_age_ms: 5., enabled: No}}',
    'words that are texts': '/**:\n  ros__parameters:\n    hardware_id: 12:30\n    half: "on"\n'
                            '    checkpoint: null\n    semantic_checkpoint: 2026-11-23\n',
    'lists of nothing': '/**: {ros__parameters: {roi: [], classes: [], overlay_items: []}}',
    'empty lists, nested cameras': yaml.safe_dump({'/**': {'ros__parameters': {
        'cameras': ['a', 'b'], 'classes': [''], 'rotation': 90, 'topic': 'x', 'use_sim_time': True,
        'a': {'rotation': 180, 'ego_mask': '0,0 9,0 9,9'}, 'b.tracking': True}}}),
}
WORDS = ('y Y yes n NO on Off TRUE false yEs 0 -7 +7 007 09 0x1F 1_000 1:30 5. .5 1e2 -1E-3 '
         '1.5e+3 .inf -.INF . e5 1e 2026-11-23 null ~ = "1e2" \'on\' plain').split()


@pytest.mark.ros
@pytest.mark.parametrize('namespace', ('', '/car', '/fleet/car'))
@pytest.mark.parametrize('text', FILES.values(), ids=FILES)
def test_as_the_node_reads_it(text, namespace, tmp_path):
    rclpy = pytest.importorskip('rclpy')
    from instance_seg_ros.ros.parameter_server import ParameterServer
    file = tmp_path / 'parameters.yaml'
    file.write_text(text)
    context = rclpy.Context()
    rclpy.init(context=context, args=['--ros-args', '--params-file', str(file)])
    node = rclpy.create_node('instance_seg', context=context, namespace=namespace)
    try:
        expected = ParameterServer(node, lambda settings: None, lambda: False).settings
    finally:
        node.destroy_node()
        context.shutdown()
    assert read_parameters(file, f'{namespace}/instance_seg') == expected


@pytest.mark.ros
def test_words_without_quotes_are_what_ros_takes_them_for(tmp_path):
    rclpy = pytest.importorskip('rclpy')
    file = tmp_path / 'parameters.yaml'
    file.write_text('/**:\n  ros__parameters:\n' + ''.join(
        f'    p{n}: {word}\n' for n, word in enumerate(WORDS)))
    context = rclpy.Context()
    rclpy.init(context=context, args=['--ros-args', '--params-file', str(file)])
    node = rclpy.create_node('reader', context=context)
    try:
        expected = {name: p.value for name, p in node._parameter_overrides.items()}
    finally:
        node.destroy_node()
        context.shutdown()
    read = rcl_yaml.load(file.read_text())['/**']['ros__parameters']
    assert {name: (value, type(value)) for name, value in read.items()} == {
        name: (value, type(value)) for name, value in expected.items() if name in read}
    assert len(read) == len(WORDS)


@pytest.mark.parametrize('text, said', [
    ('/**: {ros__parameters: {bandwidth: 1}}',
     'invalid value 1 of bandwidth; expected type double'),
    ('/**: {ros__parameters: {roi: 5}}', r'invalid value 5 of roi; expected type int\[\]'),
    ('/**: {ros__parameters: {rotation: 45}}', 'rotation: invalid value 45; available: 0, 90'),
    ('/**: {ros__parameters: {cameras: [a], a: {roi: [1]}}}', r'a.roi: invalid value \[1\]'),
    ('/**: {ros__parameters: {half: 1}}', 'invalid value 1 of half; expected type string'),
    ('/**: {ros__parameters: {detections_3d: on}}',
     "detections_3d: invalid value 'on'; available"),
    ('/**: {ros__parameters: {qos_overrides: {/a: {publisher: {depth: -1}}}}}',
     'qos_overrides./a.publisher.depth: invalid value -1; expected an integer'),
    ('/**: {ros__parameters: {checkpoint: }}',
     'invalid value None of checkpoint; expected type string'),
    ('/**: {parameters: {}}', 'no section ros__parameters'),
    ('a: [', 'Invalid YAML in .* in line 1, column 5'),
    ('a: \x01', 'Invalid YAML in .*: unacceptable character'),
])
def test_what_is_wrong_is_named(text, said, tmp_path):
    file = tmp_path / 'parameters.yaml'
    file.write_text(text)
    with pytest.raises(UserError, match=said):
        read_parameters(file)


def test_other_names_are_told(tmp_path, caplog):
    file = tmp_path / 'parameters.yaml'
    file.write_text('/**: {ros__parameters: {score_treshold: 0.5}}')
    assert read_parameters(file).cameras
    assert "unknown parameter 'score_treshold' ignored" in caplog.text


def test_it_needs_no_ros():
    program = ("import sys; sys.modules['rclpy'] = None\n"
               'import instance_seg_ros.node_config.segmenter_factory\n'
               'import instance_seg_ros.node_config.parameter_file\n'
               'import instance_seg_ros.offline.plan')
    subprocess.run([sys.executable, '-c', program], env=child_environment(), check=True)


def test_an_old_name_works_with_a_warning(tmp_path, monkeypatch, caplog):
    """Of a parameter that was renamed; with a camera's name before it as well."""
    monkeypatch.setitem(RENAMED, 'minimum_area', 'min_area')
    monkeypatch.setitem(RENAMED, 'image_topic', 'topic')
    path = tmp_path / 'old.yaml'
    path.write_text('/**:\n  ros__parameters:\n    minimum_area: 7\n    cameras: [front]\n'
                    '    front: {image_topic: /a}\n')
    settings = read_parameters(path)
    assert (settings.node.min_area, settings.cameras['front'].topic) == (7, '/a')
    assert 'minimum_area is called min_area' in caplog.text and 'front.topic' in caplog.text
    path.write_text('/**:\n  ros__parameters: {minimum_area: 7, min_area: 9}\n')
    assert read_parameters(path).node.min_area == 9


@pytest.mark.parametrize('text', (
    '/**: {ros__parameters: {classes: &a [car, *a]}}', '/**: &a {ros__parameters: *a}',
    '? [a, b]\n: 1', '/**: {ros__parameters: {min_area: 0x}}', '[' * 2000,
    '/**: {ros__parameters: {min_area: ' + '9' * 5000 + '}}', '/**: {ros__parameters: []}'))
def test_odd_yaml_is_one_sentence(text, tmp_path):
    path = tmp_path / 'odd.yaml'
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_parameters(path)
    assert len(str(error.value)) < 500 and '\n' not in str(error.value)
