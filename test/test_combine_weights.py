# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Means and parts of checkpoints."""

import runpy

import pytest
import torch
from checkout import ROOT

from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint


@pytest.fixture(scope='module')
def script():
    return runpy.run_path(str(ROOT / 'scripts' / 'combine_weights.py'))


@pytest.fixture
def files(tmp_path):
    for seed in (0, 1):
        random_checkpoint(seed).save(tmp_path / f'{seed}.safetensors')
    return [str(tmp_path / f'{seed}.safetensors') for seed in (0, 1)]


def test_weighted_mean(script, files, tmp_path):
    output = tmp_path / 'mean.safetensors'
    assert script['main']([str(output), f'{files[0]}=3', files[1]]) == 0
    first, second, mean = map(Checkpoint.load, (*files, output))
    assert mean.state.keys() == first.state.keys()
    for name, tensor in mean.state.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, .75 * first.state[name] + .25 * second.state[name])
    assert mean.label_set == first.label_set and mean.confidence == {}


def test_part_of_another(script, files, tmp_path):
    output = tmp_path / 'parts.safetensors'
    assert script['main']([str(output), files[0], '--part', f'embedding={files[1]}']) == 0
    first, second, both = map(Checkpoint.load, (*files, output))
    for name, tensor in both.state.items():
        source = second if name.startswith('embedding') else first
        assert torch.equal(tensor, source.state[name])


@pytest.mark.parametrize('arguments, sentence', [
    (['{0}=0'], 'must be positive'), (['{0}=much'], "'much' is not a number"),
    (['{0}', 'none.safetensors'], 'There is no checkpoint'),
    (['{0}', '--part', 'wheels={1}'], "no tensor begins with 'wheels'")])
def test_bad_input_is_one_sentence(script, files, tmp_path, capsys, arguments, sentence):
    output = tmp_path / 'out.safetensors'
    given = [argument.format(*files) for argument in arguments]
    assert script['main']([str(output), *given]) == 2
    assert sentence in capsys.readouterr().err and not output.exists()


def test_other_networks_do_not_fit(script, files, tmp_path, capsys):
    random_checkpoint(0, 'enet').save(tmp_path / 'enet.safetensors')
    assert script['main']([str(tmp_path / 'out.safetensors'), files[0],
                           str(tmp_path / 'enet.safetensors')]) == 2
    assert 'does not fit' in capsys.readouterr().err
