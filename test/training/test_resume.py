# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A resumed run equals an uninterrupted one, and reads only safe formats."""
import os
import pickle
import signal

import pytest
import torch
from training.streets import TINY, start

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.training.learner import Learner


def interrupt(monkeypatch, at_step, signal_number):
    step = Learner.training_step

    def interrupted(self, batch, batch_idx):
        if batch_idx == at_step:
            os.kill(os.getpid(), signal_number)
        return step(self, batch, batch_idx)
    monkeypatch.setattr(Learner, 'training_step', interrupted)


@pytest.mark.parametrize('changes', [
    {}, {'accumulate': 2}, {'precision': 'bf16-mixed'},
    {'network': 'enet', 'task': 'semantic', 'encoder_share': 1., 'encoder_until': .6}])
def test_a_stopped_run_goes_on_exactly(changes, folder, tmp_path, losses, monkeypatch):
    """The interrupt comes amid an update where there is more than one step to it."""
    whole = start(folder, tmp_path / 'whole', **changes)
    expected = losses.copy()
    losses.clear()
    accumulate = changes.get('accumulate', 1)
    with monkeypatch.context() as patch:
        interrupt(patch, 3 if accumulate == 1 else 4, signal.SIGTERM)
        stopped = start(folder, tmp_path / 'parts', **changes)
    assert stopped.provenance['steps'] == len(losses) / accumulate == (4 if accumulate == 1 else 3)
    resumed = start(folder, tmp_path / 'parts', resume=True, **changes)
    assert losses == expected
    assert resumed.checksum == whole.checksum


def test_interrupt_saves(folder, tmp_path, monkeypatch):
    """Ctrl-C: the step is ended, everything is there, and nothing is raised."""
    interrupt(monkeypatch, 1, signal.SIGINT)
    assert start(folder, tmp_path / 'run').provenance['steps'] == 2
    assert (tmp_path / 'run/last.ckpt').is_file()


class Trap:
    def __reduce__(self):
        return (os.mkdir, ('sprung',))


@pytest.mark.parametrize('content', [b'', b'nonsense', pickle.dumps(Trap())])
def test_what_is_no_run_is_refused(content, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/last.ckpt').write_bytes(content)
    with pytest.raises(UserError, match='last.ckpt'):
        start(folder, tmp_path / 'run', resume=True)


@pytest.mark.parametrize('content', [Trap(), {'state_dict': {}, 'recipe': Trap(), 'seconds': 1},
                                     {'weights': torch.zeros(1)}])
def test_nothing_in_a_file_is_executed(content, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'run').mkdir()
    torch.save(content, tmp_path / 'run/last.ckpt')
    with pytest.raises(UserError, match='last.ckpt'):
        start(folder, tmp_path / 'run', resume=True)
    assert not (tmp_path / 'sprung').exists()


def test_a_run_is_resumed_with_its_own_network(folder, tmp_path):
    start(folder, tmp_path / 'run', base=TINY, steps=1)
    with pytest.raises(UserError, match='another task'):
        start(folder, tmp_path / 'run', resume=True, base=TINY, task='semantic')
    assert start(folder, tmp_path / 'run', resume=True, base=TINY,
                 steps=2).provenance['steps'] == 2
