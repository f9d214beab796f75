# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The vision_msgs that is importable here is the one that the rest of the ROS world uses."""

import re
from pathlib import Path

import pytest

rclpy = pytest.importorskip('rclpy')
vision_msgs = pytest.importorskip('vision_msgs.msg')

DEFINITIONS = Path(__file__).parent / 'vision_msgs' / 'msg'
# What `ros2 topic info -v` shows for the released package.
PUBLISHED = {
    'Detection2D': 'RIHS01_0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea',
    'Detection2DArray': 'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
    'LabelInfo': 'RIHS01_3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
}


@pytest.fixture(scope='module')
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('type_hashes', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.mark.ros
@pytest.mark.parametrize('name', PUBLISHED)
def test_type_hash_on_the_network(node, name):
    publisher = node.create_publisher(getattr(vision_msgs, name), f'hash_{name}', 1)
    info, = node.get_publishers_info_by_topic(publisher.topic_name)
    if not hasattr(info, 'topic_type_hash'):
        pytest.skip('this ROS 2 distribution has no type hashes')
    assert str(info.topic_type_hash) == PUBLISHED[name]


@pytest.mark.parametrize('name', sorted(path.stem for path in DEFINITIONS.glob('*.msg')))
def test_definitions_here_have_the_installed_fields(name):
    text = re.sub(r'#.*', '', (DEFINITIONS / f'{name}.msg').read_text())
    ours = dict(reversed(line.split()) for line in text.splitlines() if line.strip())
    installed = getattr(vision_msgs, name).get_fields_and_field_types()
    assert list(ours) == list(installed)
    for field, kind in installed.items():
        element = re.sub(r'^sequence<(.*)>$', r'\1[]', kind)
        short = element.removeprefix('vision_msgs/').replace('double', 'float64')
        assert ours[field].removeprefix('vision_msgs/') == re.sub(r'^float$', 'float32', short)


def test_all_sixteen_are_there():
    assert len(list(DEFINITIONS.glob('*.msg'))) == 16
