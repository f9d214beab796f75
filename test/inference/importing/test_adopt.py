# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Foreign names, files of every kind, and the report."""

import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from inference.importing.params_file import resnet38_names

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.importing import adopt, read_tensors
from instance_seg_ros.inference.importing.names import TRANSLATIONS
from instance_seg_ros.networks import build_network


def test_every_tensor_of_resnet38_has_its_place():
    """All of the trunk and nothing twice; what is left over is ImageNet's classifier."""
    with torch.device('meta'):
        network = build_network('resnet38', 19, task='semantic')
    ours = [TRANSLATIONS['resnet38'](name) for name in resnet38_names()]
    assert len(set(ours)) == len(ours)
    trunk = {name for name in network.state_dict()
             if not name.startswith('head') and 'num_batches' not in name}
    assert set(ours) == trunk | {'linear1000_weight', 'linear1000_bias'}


def test_convolutions_and_norms_are_not_exchanged():
    """Single names, by hand."""
    name = TRANSLATIONS['resnet38']
    assert name('arg:res4b2_branch2b1_weight') == 'blocks.4b2.convs.1.weight'
    assert name('aux:bn7a_branch2b2_moving_var') == 'blocks.7a.norms.2.running_var'
    assert name('arg:bn5a_branch2a_gamma') == 'blocks.5a.norms.0.weight'
    assert name('arg:res6a_branch1_weight') == 'blocks.6a.projection.weight'
    assert name('aux:bn7_moving_mean') == 'bn7.running_mean'
    assert name('arg:res4b2_branch9_weight') == 'res4b2_branch9_weight'


@pytest.mark.parametrize('wrap', [
    lambda s: s, lambda s: {'epoch': 3, 'miou': 0.5, 'state_dict': s, 'optimizer': {'lr': 1}},
    lambda s: {'model': {f'module.{k}': v for k, v in s.items()}}])
def test_state_dicts_plain_nested_and_wrapped(tmp_path, wrap):
    """The port's file: every tensor arrives, also under the older name of the activation."""
    torch.manual_seed(1)
    theirs, ours = (build_network('enet_port', 5, task='semantic').eval() for _ in range(2))
    old = {k.replace('out_activation', 'out_prelu'): v for k, v in theirs.state_dict().items()}
    torch.save(wrap(old), tmp_path / 'enet')
    report = adopt(ours, 'enet_port', read_tensors(tmp_path / 'enet'))
    assert not report.missing and not report.left_over and len(report.matched) == len(old)
    image = torch.randn(1, 3, 16, 16)
    assert torch.equal(theirs(image)[0], ours(image)[0])


@pytest.mark.skipif(not hasattr(torch.serialization, 'safe_globals'), reason='needs PyTorch 2.5')
@pytest.mark.parametrize('score', [np.float64(0.5), np.float32(0.5), torch.tensor(0.5)])
@pytest.mark.parametrize('module', [b'numpy.core.multiarray', b'numpy._core.multiarray'])
def test_a_score_next_to_the_weights_is_ignored(tmp_path, score, module):
    """As davidtvs/PyTorch-ENet saves its checkpoints, with an older numpy and a newer one."""
    state = {'a': torch.arange(3.0), 'b': torch.zeros(2)}
    torch.save({'epoch': 3, 'miou': score, 'state_dict': state, 'optimizer': {'lr': 1}},
               tmp_path / 'enet', _use_new_zipfile_serialization=False)
    content = (tmp_path / 'enet').read_bytes()
    for name in (b'numpy.core.multiarray', b'numpy._core.multiarray'):
        content = content.replace(name, module)
    (tmp_path / 'enet').write_bytes(content)
    tensors = read_tensors(tmp_path / 'enet')
    assert list(tensors) == ['a', 'b'] and torch.equal(tensors['a'], state['a'])


def test_report_names_missing_and_left_over(tmp_path):
    """By name, with the reason."""
    state = build_network('enet', 5, task='semantic').state_dict()
    state['extra'] = state.pop('decoder.final.bias')
    state['decoder.final.weight'] = torch.zeros(16, 7, 2, 2)
    safetensors.torch.save_file(state, tmp_path / 'a')
    network = build_network('enet', 5, task='semantic')
    report = adopt(network, 'enet', read_tensors(tmp_path / 'a'))
    assert set(report.missing) == {'decoder.final.bias', 'decoder.final.weight'}
    assert dict(report.left_over) == {
        'extra': 'no tensor of that name here',
        'decoder.final.weight': 'shape (16, 7, 2, 2), here (16, 5, 2, 2)'}
    assert report.lines()[-1] == f'{len(state) - 2} matched, 2 missing, 2 left over'


def test_two_tensors_for_one_place():
    """The first wins and the second is reported."""
    network = build_network('enet', 5, task='semantic')
    name, bias = 'decoder.final.bias', torch.arange(5.0)
    report = adopt(network, 'enet', {name: bias, f'module.{name}': torch.zeros(5)})
    assert dict(report.left_over) == {f'module.{name}': 'a second one for the same place'}
    assert torch.equal(network.decoder.final.bias, bias)


@pytest.mark.parametrize('field', [b'PK\1\2', b'PK\6\7'])
def test_archives_of_unknown_versions_and_several_disks(tmp_path, field):
    """For them, zipfile raises more than its own errors, some before it is asked to open."""
    torch.save({'a': torch.zeros(2)}, tmp_path / 'odd')
    content = (tmp_path / 'odd').read_bytes()
    at = content.rindex(field)
    (tmp_path / 'odd').write_bytes(content[:at + 4] + b'\xff' * 12 + content[at + 16:])
    with pytest.raises(UserError, match='odd is a damaged PyTorch file'):
        read_tensors(tmp_path / 'odd')


@pytest.mark.parametrize('content', [
    b'', b'not weights', b'PK\x03\x04 torn zip', b'\x80\x02}q\x00.', b'\x12\x01' + bytes(20),
    b'\x08\0\0\0\0\0\0\0{garbage', b'\x80\x04N.', bytes(64), b'epochs: 3\n', b'lr: 0.1\n'])
def test_files_that_hold_no_weights(tmp_path, content):
    """A sentence that names the file."""
    (tmp_path / 'odd').write_bytes(content)
    with pytest.raises(UserError, match='odd'):
        read_tensors(tmp_path / 'odd')


class Harmful:
    def __reduce__(self):
        return print, ('code was run',)


def test_no_code_of_a_file_is_run(tmp_path, capsys):
    """A pickle that would call something is refused."""
    torch.save({'state_dict': Harmful()}, tmp_path / 'odd')
    with pytest.raises(UserError, match='state_dict'):
        read_tensors(tmp_path / 'odd')
    assert 'code was run' not in capsys.readouterr().out


def test_missing_file_and_nothing_that_fits(tmp_path):
    """Named, both."""
    with pytest.raises(UserError, match='nowhere'):
        read_tensors(tmp_path / 'nowhere')
    with pytest.raises(UserError, match='segnet'):
        with torch.device('meta'):
            network = build_network('segnet', 5, task='semantic')
        adopt(network, 'segnet', {'a': torch.zeros(1)})


def test_archives_that_unpack_to_far_more_are_refused(tmp_path):
    """PyTorch does not compress; a zip of a megabyte that holds a gigabyte is none of its."""
    path = tmp_path / 'bomb.pth'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('a/data/0', 'w', force_zip64=True) as file:
            for _ in range(20):
                file.write(bytes(1 << 20))
    with pytest.raises(UserError, match='unpacked to 20 MiB'):
        read_tensors(path)


def test_mappings_that_contain_themselves_and_odd_tensors(tmp_path):
    """Only dense tensors of real numbers are weights."""
    content = {'a': torch.zeros(2), 'b': torch.zeros(2, 2).to_sparse(),
               'c': torch.zeros(2, dtype=torch.complex64), 'd': torch.empty(2, device='meta'),
               'e': torch.nn.Parameter(torch.ones(2)), 3: torch.zeros(1), 'f': 'text'}
    content['model'] = content
    torch.save(content, tmp_path / 'a.pth')
    tensors = read_tensors(tmp_path / 'a.pth')
    assert set(tensors) == {'a', 'e', '3'} and not tensors['e'].requires_grad


def test_a_git_lfs_pointer_is_named(tmp_path):
    (tmp_path / 'a.pth').write_text('version https://git-lfs.github.com/spec/v1\n')
    with pytest.raises(UserError, match='git lfs pull'):
        read_tensors(tmp_path / 'a.pth')
