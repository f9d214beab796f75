# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Foxglove layouts: whole, and about topics that the node publishes."""

import re
from collections import Counter

import pytest

from instance_seg_ros.messages.outputs import outputs_of, stage_output
from instance_seg_ros.node_config.parameters import AllSettings, CameraSettings, NodeSettings
from instance_seg_ros.visualization.foxglove_layout import foxglove_layout
from instance_seg_ros.visualization.panes import camera_panes

STAGES = ('total', 'network', 'clustering', 'masks', 'publish')


def panels_in(node):
    """Return the panels in a layout's tree, whose shares must be percentages."""
    if isinstance(node, str):
        return [node]
    assert node['direction'] in ('row', 'column') and 0 < node['splitPercentage'] < 100
    return panels_in(node['first']) + panels_in(node['second'])


def topics_in(config):
    images = [config['imageMode']['imageTopic']] if config.get('imageMode') else []
    curves = [re.match(r'[a-z_/0-9]+', path['value'])[0] for path in config.get('paths', ())]
    return [*images, *curves, *config.get('topics', ())]


@pytest.mark.parametrize('with_3d', [False, True])
@pytest.mark.parametrize('count', [1, 2, 4, 6])
def test_layout(count, with_3d):
    names = [f'camera_{k}' for k in range(count)] if count > 1 else ['']
    cameras = {name: CameraSettings(detections_3d='ground' if with_3d else 'off', markers=with_3d)
               for name in names}
    panes = camera_panes(AllSettings(NodeSettings(), cameras), '/car/instance_seg', 'car')
    layout = foxglove_layout(panes)
    configs = layout['configById']
    assert sorted(panels_in(layout['layout'])) == sorted(configs)
    kinds = Counter(identity.partition('!')[0] for identity in configs)
    assert kinds['Image'] == (4 if count == 1 else count)
    assert kinds['Plot'] == 2 and kinds['3D'] == with_3d
    published = {f'{pane.prefix}/{output.name}' for pane, camera in zip(
        panes, cameras.values(), strict=True)
        for output in (*outputs_of(camera), *map(stage_output, STAGES))}
    shown = {topic for config in configs.values() for topic in topics_in(config)}
    assert shown <= published | {pane.image_topic for pane in panes}
    for pane in panes:
        wanted = ['overlay', 'detections', 'debug/total_ms', *(['markers'] if with_3d else [])]
        assert {pane.topic(name) for name in wanted} <= shown
    titles = [config['foxglovePanelTitle'] for config in configs.values()]
    assert len(set(titles)) == len(titles)
