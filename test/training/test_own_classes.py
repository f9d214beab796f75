# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a COCO export and a label file to weights: fine-tuning, freezing, bad images."""
import json

import numpy as np
import pytest
import torch
import yaml
from datasets import written
from training.streets import SMALL

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import Label, LabelSet
from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.networks import build_network
from instance_seg_ros.training.freeze import frozen_modules
from instance_seg_ros.training.new_classes import with_classes

YARD = LabelSet('yard', (
    Label(1, 'car', (0, 0, 1), True), Label(2, 'forklift', (0, 1, 0), True),
    Label(3, 'ground', (0, 0, 0))), {'road': 'ground', 'person': 'ignore'}, 'ground')


@pytest.fixture
def export(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    written.coco(tmp_path / 'export')
    for name in ('annotations/instances_train2017.json', 'train2017'):
        (tmp_path / 'export' / name.replace('train', 'val')).rename(tmp_path / 'export' / name)
    return tmp_path / 'export'


@pytest.mark.parametrize('network', ['enet_branched', 'enet', 'segnet'])
def test_classes_in_common_keep_their_logits(network):
    old = random_checkpoint(3, network, input_size=(64, 32))
    new = with_classes(old, YARD)
    assert new.label_set == YARD
    image = torch.randn(1, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before, after = old.build()(image), new.build()(image)
    names = old.label_set.names
    assert torch.allclose(after[0][:, 0], before[0][:, names.index('car')], atol=1e-5)
    assert torch.allclose(after[0][:, 2], before[0][:, names.index('road')], atol=1e-5)
    assert torch.allclose(after[1], before[1], atol=1e-5)


def test_the_same_classes_change_nothing():
    old = random_checkpoint(3)
    assert with_classes(old, LabelSet.named('cityscapes')) is old


def test_the_encoder_is_what_encoding_runs():
    network = build_network('enet_branched', 3)
    frozen = {id(p) for m in frozen_modules(network, 'encoder') for p in m.parameters()}
    names = {n.split('.')[0] for n, p in network.named_parameters() if id(p) in frozen}
    assert names == {'start', 'down2', 'stage2'}
    assert {n.split('.')[0] for n, p in network.named_parameters() if id(p) not in frozen} == {
        'class_stage', 'embedding_stage', 'class_decoder', 'embedding_decoder'}
    with pytest.raises(UserError, match='no encoder'):
        frozen_modules(build_network('segnet', 3), 'encoder')


def test_from_an_export_to_weights(export, tmp_path, capsys):
    (tmp_path / 'yard.yaml').write_text(
        'classes: [{name: car, instances: true}, {name: forklift, instances: true}, ground]\n'
        'map: {person: ignore}\nrest: ground\n')
    recipe = {**SMALL, 'label_set': 'yard.yaml', 'auxiliary_weight': 0, 'steps': 4,
              'input_size': [64, 64]}
    (tmp_path / 'recipe.yaml').write_text(yaml.safe_dump(recipe))
    random_checkpoint(5).save(tmp_path / 'start.safetensors')
    assert main(['train', '--data', str(export), '--config', str(tmp_path / 'recipe.yaml'),
                 '--init', str(tmp_path / 'start.safetensors'), '--freeze', 'encoder',
                 '--workers', '0', '--output', str(tmp_path / 'run')]) == 0
    out = capsys.readouterr().out
    assert 'ignored: person' in out and 'not labelled by this source: forklift' in out
    weights = Checkpoint.load(tmp_path / 'run/last.safetensors')
    assert weights.label_set.names == ('car', 'forklift', 'ground')
    assert weights.label_set.rest == 'ground' and weights.label_set.target('coco', 'person')
    start = Checkpoint.load(tmp_path / 'start.safetensors').state
    for name, tensor in weights.state.items():
        same = torch.equal(tensor, start[name]) if name in start and (
            start[name].shape == tensor.shape) else False
        encoder = name.split('.')[0] in ('start', 'down2', 'stage2')
        assert same or not encoder, f'{name} is part of the encoder and has changed'
    assert not torch.equal(weights.state['class_decoder.final.weight'][:, 0],
                           start['class_decoder.final.weight'][:, 13])
    assert json.loads((tmp_path / 'run/recipe.json').read_text())['label_set']['name'] == 'yard'
    found = InstanceSegmenter(weights, 'cpu')(np.zeros((40, 60, 3), np.uint8))
    assert {i.label for i in found.instances} <= {'car', 'forklift'}


def test_bad_images_stop_a_run_unless_they_are_skipped(export, tmp_path, capsys):
    path = export / 'annotations/instances_train2017.json'
    data = json.loads(path.read_text())
    data['images'].append({**data['images'][0], 'id': 8, 'file_name': 'gone.png'})
    path.write_text(json.dumps(data))
    (tmp_path / 'recipe.yaml').write_text(yaml.safe_dump({**SMALL, 'steps': 2}))
    command = ['train', '--data', str(export), '--config', str(tmp_path / 'recipe.yaml'),
               '--workers', '0', '--output', str(tmp_path / 'run')]
    assert main(command) == 2
    assert 'missing file gone.png' in capsys.readouterr().err
    assert main([*command, '--skip-bad']) == 0
    command = Checkpoint.load(tmp_path / 'run/last.safetensors').provenance['command']
    assert '--skip-bad' in command
