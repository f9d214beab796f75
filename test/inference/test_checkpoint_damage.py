# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Damaged and foreign files in place of a checkpoint: one sentence each."""

import json
import struct

import pytest
import safetensors.torch
import torch

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.checkpoint import FORMAT, Checkpoint, random_checkpoint


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Return the bytes of a checkpoint."""
    path = tmp_path_factory.mktemp('whole') / 'a.safetensors'
    random_checkpoint().save(path)
    return path.read_bytes()


def described(whole, change):
    """Return the checkpoint with another description: facts to change, or the text itself."""
    length, = struct.unpack('<Q', whole[:8])
    head = json.loads(whole[8:8 + length])
    facts = json.loads(head['__metadata__']['instance_seg_ros'])
    text = change if isinstance(change, str) else json.dumps(facts | change)
    head['__metadata__'] = {'instance_seg_ros': text}
    head = json.dumps(head).encode()
    return struct.pack('<Q', len(head)) + head + whole[8 + length:]


def refusal(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match=path.name) as error:
        Checkpoint.load(path)
    assert len(str(error.value)) < 500
    return str(error.value)


@pytest.mark.parametrize('change', (
    '[]', 'null', '3', '"x"', '[' * 100_000, '{', '{"format": "other/1"}',
    {'mean': [1, 1]}, {'mean': 'abc'}, {'std': [None] * 3}, {'std': [0, 0, 0]},
    {'std': [1, 1, float('inf')]}, {'network': []}, {'network': 'none'}, {'task': 'all'},
    {'bandwidth': {'person': []}}, {'bandwidth': 0}, {'bandwidth': float('nan')},
    {'embedding_dims': 'x'}, {'embedding_dims': -1}, {'embedding_dims': 10 ** 9},
    {'embedding_dims': True}, {'confidence': {'': ['a'] * 9}}, {'confidence': [1]},
    {'options': [1]}, {'input_size': [64, 0]}, {'input_size': [64]}, {'input_size': 'ab'},
    {'label_set': None}, {'label_set': {'name': 'x', 'labels': [{}]}}, {'scores': 3},
    {'x' * 4500: 1, 'network': 'y' * 4500}), ids=lambda c: str(c)[:30])
def test_descriptions_that_are_damaged(tmp_path, whole, change):
    refusal(tmp_path / 'x.safetensors', described(whole, change))


def test_the_description_itself_is_right(tmp_path, whole):
    path = tmp_path / 'x.safetensors'
    path.write_bytes(described(whole, {}))
    assert Checkpoint.load(path).build() and FORMAT in whole[:4000].decode(errors='replace')


def test_weights_in_bfloat16_are_refused(tmp_path, whole):
    length, = struct.unpack('<Q', whole[:8])
    facts = json.loads(whole[8:8 + length])['__metadata__']
    state = {k: v.bfloat16() if v.is_floating_point() else v
             for k, v in safetensors.torch.load(whole).items()}
    assert 'bfloat16' in refusal(tmp_path / 'x.safetensors', safetensors.torch.save(state, facts))


def test_files_of_other_kinds_are_named(tmp_path):
    torch.save({'a': torch.zeros(3)}, tmp_path / 'a.pth')
    said = refusal(tmp_path / 'b.pth', (tmp_path / 'a.pth').read_bytes())
    assert 'import-weights' in said
    assert 'git lfs pull' in refusal(tmp_path / 'c.safetensors',
                                     b'version https://git-lfs.github.com/spec/v1\noid x\n')
    assert 'readable' in refusal(tmp_path / 'd.safetensors', b'\xff' * 100)


@pytest.mark.parametrize('version, said', (
    ('2', 'newer than'), ('0', 'older than'), ('x', 'import-weights'), ('9' * 9999, 'import-')))
def test_other_versions_of_the_format_are_named(version, said, tmp_path):
    """With what to do; the format's number changes when older versions cannot read a file."""
    path = tmp_path / 'other.safetensors'
    facts = {'format': f'{FORMAT.partition("/")[0]}/{version}'}
    path.write_bytes(safetensors.torch.save({'a': torch.zeros(1)},
                                            {'instance_seg_ros': json.dumps(facts)}))
    with pytest.raises(UserError, match=said):
        Checkpoint.load(path)
