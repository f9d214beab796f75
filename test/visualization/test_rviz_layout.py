# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""RViz layouts: topics that the node publishes, and a place for every pane."""

import struct

import pytest
import yaml

from instance_seg_ros.messages.outputs import outputs_of
from instance_seg_ros.node_config.parameters import AllSettings, CameraSettings, NodeSettings
from instance_seg_ros.visualization.panes import camera_panes
from instance_seg_ros.visualization.rviz_layout import rviz_layout, rviz_text
from instance_seg_ros.visualization.rviz_window import window_geometry

TYPES = {'Image': 'sensor_msgs/msg/Image', 'MarkerArray': 'visualization_msgs/msg/MarkerArray',
         'PointCloud2': 'sensor_msgs/msg/PointCloud2', 'LaserScan': 'sensor_msgs/msg/LaserScan'}


def settings_of(count, **parameters):
    names = [f'camera_{k}' for k in range(count)] if count > 1 else ['']
    return AllSettings(NodeSettings(), {name: CameraSettings(**parameters) for name in names})


def displays(layout):
    return layout['Visualization Manager']['Displays']


@pytest.mark.parametrize('with_3d', [False, True])
@pytest.mark.parametrize('transport', ['raw', 'compressed'])
@pytest.mark.parametrize('count', [1, 2, 4, 6, 10])
def test_topics_are_published_with_the_type_of_the_display(count, transport, with_3d):
    settings = settings_of(count, transport=transport, markers=with_3d, free_space=with_3d,
                           detections_3d='lidar' if with_3d else 'off')
    panes = camera_panes(settings, '/car/instance_seg', 'car')
    published = {panes_of.topic(output.name): output.type for panes_of, camera in zip(
        panes, settings.cameras.values(), strict=True) for output in outputs_of(camera)}
    inputs = {p.image_topic for p in panes if transport == 'raw'}
    found = {}
    for display in displays(rviz_layout(panes)):
        kind = display['Class'].removeprefix('rviz_default_plugins/')
        if 'Topic' in display:
            found[display['Topic']['Value']] = TYPES[kind]
            assert display['Topic']['Value'] in published.keys() | inputs
    assert all(published.get(t, TYPES['Image']) == kind for t, kind in found.items())
    assert {p.topic('overlay') for p in panes} <= found.keys()
    assert {p.topic(output) for p in panes if with_3d
            for output in ('markers', 'points', 'free_space')} <= found.keys()


def titles_in(state: bytes) -> list[str]:
    """Return the names of the docks in a state of Qt that are placed in a dock area."""
    titles, position = [], 0
    while position + 4 < len(state):
        length, = struct.unpack_from('>I', state, position)
        data = state[position + 4:position + 4 + length]
        is_text = length % 2 == 0 and not any(data[::2]) and all(data[1::2])
        if 0 < length < 200 and len(data) == length and is_text:
            titles.append(data.decode('utf-16-be'))
            position += 4 + length
        else:
            position += 1
    return titles


@pytest.mark.parametrize('with_3d', [False, True])
@pytest.mark.parametrize('count', range(1, 10))
def test_every_pane_has_its_place_under_its_title(count, with_3d):
    settings = settings_of(count, detections_3d='ground' if with_3d else 'off')
    layout = rviz_layout(camera_panes(settings, '/instance_seg'))
    images = [d['Name'] for d in displays(layout) if d['Class'].endswith('/Image')]
    assert len(images) == len(set(images)) == (4 if count == 1 else count)
    geometry = layout['Window Geometry']
    placed = titles_in(bytes.fromhex(geometry['QMainWindow State']))
    assert sorted(placed) == sorted([*images, 'Displays', 'Tools'])
    assert {k for k, v in geometry.items() if isinstance(v, dict)} == {*images, 'Displays'}


def test_3d_view_only_shows_what_there_is():
    for method, kinds in (('off', {'Image'}), ('ground', {'Image', 'Grid', 'MarkerArray'})):
        panes = camera_panes(settings_of(1, detections_3d=method), '/instance_seg')
        assert {d['Class'].rpartition('/')[2] for d in displays(rviz_layout(panes))} == kinds


@pytest.mark.parametrize('transport, topic', [
    ('raw', '/front'), ('compressed', '/instance_seg/input_image')])
def test_compressed_images_are_shown_as_the_node_decodes_them(transport, topic):
    panes = camera_panes(settings_of(1, transport=transport, topic='/front'), '/instance_seg')
    camera, = (d for d in displays(rviz_layout(panes)) if d['Name'] == 'Camera')
    assert camera['Topic']['Value'] == topic


def test_view_looks_forward_in_either_kind_of_frame():
    panes = camera_panes(settings_of(1, detections_3d='depth'), '/instance_seg')
    for frame, axis, plane in (('base_link', 'X', 'XY'), ('front_optical_frame', 'Z', 'XZ')):
        layout = rviz_layout(panes, frame)
        assert layout['Visualization Manager']['Views']['Current']['Focal Point'][axis] > 0
        assert [d['Plane'] for d in displays(layout) if d['Name'].startswith('Ground')] == [plane]


def test_file_is_plain_yaml():
    layout = rviz_layout(camera_panes(settings_of(2), '/instance_seg'))
    text = rviz_text(layout, 'two\nlines')
    assert text.startswith('# two\n# lines\n') and yaml.safe_load(text) == layout
    assert '&' not in text      # no references


def test_window_without_a_prepared_state_is_left_to_rviz():
    assert 'QMainWindow State' not in window_geometry([str(k) for k in range(12)], False, False)


def test_image_topics_in_a_namespace():
    settings = AllSettings(NodeSettings(), {'': CameraSettings(topic='camera/image')})
    assert camera_panes(settings, 'x')[0].image_topic == 'camera/image'
    assert camera_panes(settings, 'x', 'car')[0].image_topic == '/car/camera/image'
    assert camera_panes(settings, 'x', '')[0].image_topic == '/camera/image'
