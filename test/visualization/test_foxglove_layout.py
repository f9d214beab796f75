# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Foxglove layouts: whole, and about topics that the node publishes."""

import dataclasses
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from checkout import ROOT

from instance_seg_ros.messages.outputs import outputs_of, stage_output
from instance_seg_ros.node_config.parameters import AllSettings, CameraSettings, NodeSettings
from instance_seg_ros.visualization.foxglove_layout import foxglove_layout
from instance_seg_ros.visualization.panes import camera_panes

SCHEMA = json.loads((Path(__file__).parent / 'foxglove_schema.json').read_text())
"""Keys of panels' configurations in the published schema, foxglove.layouts of foxglove-sdk."""
CLASSES = {'Image': 'ImageConfig', 'imageMode': 'ImageModeConfig', 'Plot': 'PlotConfig',
           'paths': 'PlotSeries', '3D': 'ThreeDeeConfig',
           'layers': 'BaseRendererGridLayerSettings', 'cameraState': 'ThreeDeeCameraState',
           'DiagnosticSummary': 'DiagnosticsSummaryConfig'}
TITLES = {'foxglovePanelTitle', 'lichtblickPanelTitle'}
STAGES = ('total', 'network', 'clustering', 'masks', 'publish')


def panels_in(node):
    """Return the panels in a layout's tree, whose shares must be percentages."""
    if isinstance(node, str):
        return [node]
    assert node['direction'] in ('row', 'column') and 0 < node['splitPercentage'] < 100
    return panels_in(node['first']) + panels_in(node['second'])


def topics_in(config):
    images = [config['imageMode']['imageTopic']] if config.get('imageMode') else []
    images += list(config.get('imageMode', {}).get('annotations', ()))
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
        wanted = ['overlay', 'detections', 'debug/total_ms', *['annotations'] * (count == 1),
                  *['markers'] * with_3d]
        assert {pane.topic(name) for name in wanted} <= shown
    titles = [config['foxglovePanelTitle'] for config in configs.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize('file', sorted((ROOT / 'config' / 'foxglove').iterdir()),
                         ids=lambda path: path.stem)
def test_panels_follow_the_published_schema(file):
    for identity, config in json.loads(file.read_text())['configById'].items():
        kind = identity.partition('!')[0]
        assert config.keys() - TITLES <= set(SCHEMA[CLASSES[kind]]), identity
        parts = {key: config[key] for key in CLASSES.keys() & config.keys()}
        for key, part in parts.items():
            entries = (part if isinstance(part, list) else
                       part.values() if key == 'layers' else [part])
            for entry in entries:
                assert entry.keys() <= set(SCHEMA[CLASSES[key]]), (identity, key)


def test_schema_is_that_of_the_sdk():
    layouts = pytest.importorskip('foxglove.layouts', reason='foxglove-sdk is not installed')
    for name, keys in SCHEMA.items():
        found = {re.sub('_([a-z])', lambda match: match[1].upper(), field.name)
                 for field in dataclasses.fields(getattr(layouts, name))}
        assert set(keys) <= found, name
