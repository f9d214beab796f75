# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: what goes in comes out, and what does not fit says so."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference import checkpoint
from instance_seg_ros.inference.checkpoint import (
    Checkpoint,
    default_checkpoint,
    random_checkpoint,
    shipped_weights,
    weights_file,
)


def test_round_trip(tmp_path):
    """Tensors, facts and checksum survive; the network computes the same."""
    before = random_checkpoint(provenance={'steps': 3}, input_size=(512, 256), bandwidth=1.25,
                               options={'pixels_per_unit': 40.0})
    before.save(tmp_path / 'a.safetensors')
    after = Checkpoint.load(tmp_path / 'a.safetensors')
    assert after.checksum == before.checksum
    assert (after.input_size, after.bandwidth) == ((512, 256), 1.25)
    assert after.label_set == before.label_set and after.provenance == {'steps': 3}
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        for a, b in zip(before.build()(image), after.build()(image), strict=True):
            assert torch.equal(a, b)
    assert [p.name for p in tmp_path.iterdir()] == ['a.safetensors']


def test_task_is_kept_and_old_files_are_for_both(tmp_path, monkeypatch):
    """A file without the fact was written when there was nothing else."""
    path = tmp_path / 'a.safetensors'
    random_checkpoint(network='enet', task='embedding').save(path)
    assert len(Checkpoint.load(path).build()(torch.zeros(1, 3, 8, 8))) == 1
    monkeypatch.setattr(checkpoint, '_PLAIN_FIELDS',
                        tuple(f for f in checkpoint._PLAIN_FIELDS if f != 'task'))
    random_checkpoint().save(path)
    monkeypatch.undo()
    assert Checkpoint.load(path).task == 'both'


def test_files_that_are_no_checkpoints(tmp_path):
    """Missing, garbage, truncated, foreign and mismatching files: a sentence each."""
    with pytest.raises(UserError, match='There is no checkpoint'):
        Checkpoint.load(tmp_path / 'none.safetensors')
    garbage = tmp_path / 'garbage.safetensors'
    garbage.write_bytes(b'not a checkpoint at all')
    with pytest.raises(UserError, match='not a readable'):
        Checkpoint.load(garbage)
    whole = tmp_path / 'whole.safetensors'
    random_checkpoint().save(whole)
    garbage.write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(UserError, match='not a readable'):
        Checkpoint.load(garbage)
    safetensors.torch.save_file({'a': torch.zeros(1)}, garbage)
    with pytest.raises(UserError, match='import-weights'):
        Checkpoint.load(garbage)


@pytest.mark.parametrize('damage', ['missing', 'shape', 'extra', 'network', 'option'])
def test_weights_that_do_not_fit(damage):
    """The tensor, network or option is named."""
    checkpoint = random_checkpoint()
    name = 'down2.residual.0.weight'
    if damage == 'missing':
        del checkpoint.state[name]
    elif damage == 'shape':
        checkpoint.state[name] = torch.zeros(2, 2)
    elif damage == 'extra':
        checkpoint.state[name + '2'] = torch.zeros(2)
    elif damage == 'network':
        checkpoint.network = name
    else:
        checkpoint.options = {name: 1}
    with pytest.raises(UserError, match=name.replace('.', r'\.')):
        checkpoint.build()


@pytest.mark.parametrize('name', shipped_weights())
def test_shipped_weights_load(name):
    """Each file has a card, can be named without a path, and fits the package's network."""
    checkpoint = Checkpoint.load(name)
    checkpoint.build()
    assert checkpoint.path.stat().st_size < 10e6
    card = checkpoint.path.with_suffix('.md').read_text()
    assert checkpoint.checksum in card and 'licence' in card


def test_a_file_comes_before_the_name_of_shipped_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert weights_file('enet_branched') == default_checkpoint()
    assert weights_file('./enet_branched.safetensors').parent.name != 'weights'
    Path('enet_branched').touch()
    assert weights_file('enet_branched') == Path('enet_branched')
    with pytest.raises(UserError, match=r'no checkpoint others.*enet_branched'):
        Checkpoint.load('others')
