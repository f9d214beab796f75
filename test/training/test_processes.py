# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The same global batch gives the same result, however it is shared out."""
import itertools
from pathlib import Path

import pytest
import torch
from training.streets import TINY, start

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.training import run as running
from instance_seg_ros.training.data import From

PROGRAM = Path(__file__).with_name('several.py')
# What torch makes of a sum of floats differs in the last digits with its order.
NEARLY = {'rtol': 1e-4, 'atol': 1e-6}


def assert_same(first: Checkpoint, second: Checkpoint):
    assert first.state.keys() == second.state.keys()
    for name, tensor in first.state.items():
        torch.testing.assert_close(second.state[name], tensor, **NEARLY)


@pytest.mark.parametrize('world', [1, 2, 4])
def test_each_batch_is_shared_out_whole(world):
    """Step by step, all processes together see the samples one process would see."""
    parts = [iter(From(8, rank, world)) for rank in range(world)]
    for step in range(3):
        seen = [i for part in parts for i in itertools.islice(part, 8 // world)]
        assert sorted(seen) == list(range(8 + 8 * step, 16 + 8 * step))


@pytest.mark.slow
@pytest.mark.parametrize('launcher', [
    [], ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2']],
    ids=['lightning', 'torchrun'])
def test_two_processes_learn_what_one_learns(launcher, folder, tmp_path, start_python):
    """By gloo; both losses, class weights and unknown pixels; no batch norm (see the docs)."""
    whole = start(folder, tmp_path / 'one', base=TINY)
    child = start_python(*launcher, PROGRAM, folder, tmp_path / 'two', 2, OMP_NUM_THREADS='1')
    said = child.communicate(timeout=600)[0]
    assert child.returncode == 0, said
    assert said.count('of the time spent waiting') == 1
    halves = Checkpoint.load(tmp_path / 'two/last.safetensors')
    assert halves.provenance['steps'] == whole.provenance['steps'] == 4
    assert_same(whole, halves)
    untrained = start(folder, tmp_path / 'less', base=TINY, steps=1)
    with pytest.raises(AssertionError):     # the comparison can fail
        assert_same(untrained, halves)


def test_a_batch_that_cannot_be_shared_out_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr('lightning.Trainer.world_size', 3)
    with pytest.raises(UserError, match='batch of 4 .* 3 processes'):
        start(folder, tmp_path / 'run', base=TINY)


def test_processes_come_from_torchrun(monkeypatch):
    for name, value in (('TORCHELASTIC_RUN_ID', 'x'), ('LOCAL_WORLD_SIZE', '1'),
                        ('WORLD_SIZE', '2')):
        monkeypatch.setenv(name, value)
    found = running.processes(1)
    assert (found['devices'], found['num_nodes']) == (1, 2) and found['strategy'] != 'auto'
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    with pytest.raises(UserError, match='--devices'):
        running.processes(1)


def test_accumulated_steps_are_one_update(folder, tmp_path):
    """For the instance loss, a mean over images; class pixels are counted step by step."""
    base = TINY | {'task': 'embedding'}
    whole = start(folder, tmp_path / 'whole', base=base)
    parts = start(folder, tmp_path / 'parts', base=base, batch=2, accumulate=2)
    assert_same(whole, parts)
    assert parts.provenance['steps'] == 4


def test_mixed_precision_learns_the_same(folder, tmp_path, losses):
    """Half the digits, nearly the same losses; the weights themselves stay float32."""
    start(folder, tmp_path / 'full', base=TINY)
    full = losses.copy()
    losses.clear()
    mixed = start(folder, tmp_path / 'mixed', base=TINY, precision='bf16-mixed')
    assert losses == pytest.approx(full, rel=.02) and losses != full
    assert {tensor.dtype for tensor in mixed.state.values()} == {torch.float32}
