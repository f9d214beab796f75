# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg import-weights` from file to checkpoint."""

import numpy as np
import pytest
import torch
from inference.importing.params_file import write_params

from instance_seg_ros import cli
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.networks import build_network


def test_the_ports_file_becomes_a_checkpoint(tmp_path, capsys):
    """It computes what the port's network computed."""
    theirs = build_network('enet_port', 11, task='semantic').eval()
    torch.save({'state_dict': theirs.state_dict()}, tmp_path / 'ENet')
    status = cli.main(['import-weights', str(tmp_path / 'ENet'), str(tmp_path / 'a.safetensors'),
                       '--network', 'enet_port', '--label-set', 'camvid', '--input-size',
                       '480x360', '--mean', '0', '0', '0', '--std', '1', '1', '1'])
    assert status == 0
    assert ' matched, 0 missing, 0 left over' in capsys.readouterr().out
    checkpoint = Checkpoint.load(tmp_path / 'a.safetensors')
    assert (checkpoint.task, checkpoint.input_size) == ('semantic', (480, 360))
    assert checkpoint.mean == (0, 0, 0)
    image = torch.randn(1, 3, 24, 16)
    assert torch.equal(checkpoint.build()(image)[0], theirs(image)[0])


@pytest.mark.slow
def test_mxnet_file_with_true_shapes(tmp_path, capsys):
    """Values land where they belong; the head stays untrained and is listed."""
    random = np.random.default_rng(0)
    content = {'arg:conv1a_weight': random.normal(size=(64, 3, 3, 3)).astype('<f4'),
               'arg:res2a_branch1_weight': random.normal(size=(128, 64, 1, 1)).astype('<f4'),
               'aux:bn7_moving_mean': random.normal(size=4096).astype('<f4'),
               'arg:linear1000_bias': np.zeros(1000, '<f4')}
    write_params(tmp_path / 'resnet_38-0000.params', content)
    out = tmp_path / 'a.safetensors'
    assert cli.main(['import-weights', str(tmp_path / 'resnet_38-0000.params'), str(out),
                     '--network', 'resnet38']) == 0
    printed = capsys.readouterr().out
    assert '3 matched' in printed and 'left over  arg:linear1000_bias' in printed
    assert 'missing    head.2.bias' in printed
    state = Checkpoint.load(out).state
    for name, key in (('arg:conv1a_weight', 'conv1a.weight'), ('aux:bn7_moving_mean',
                      'bn7.running_mean'), ('arg:res2a_branch1_weight',
                                            'blocks.2a.projection.weight')):
        assert np.array_equal(state[key].numpy(), content[name])
    out.unlink()


def test_options_that_do_not_fit(tmp_path, capsys):
    """Status 2 and a sentence each."""
    file = tmp_path / 'a'
    torch.save({'a': torch.zeros(1)}, file)
    for options, message in ((['--network', 'enet'], 'None of the 1 tensors'),
                             (['--network', 'enet', '--label-set', 'mars'], 'mars')):
        assert cli.main(['import-weights', str(file), str(tmp_path / 'b'), *options]) == 2
        assert message in capsys.readouterr().err
