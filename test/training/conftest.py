# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import pytest
from training.streets import write_city

from instance_seg_ros.training.learner import Learner


@pytest.fixture
def folder(tmp_path):
    """Return a folder of four images in the layout of Cityscapes."""
    return write_city(tmp_path / 'data')


@pytest.fixture
def losses(monkeypatch):
    """Collect the loss of every step."""
    seen = []
    step = Learner.training_step

    def watch(self, batch, batch_idx):
        loss = step(self, batch, batch_idx)
        seen.append(float(loss.detach()))
        return loss
    monkeypatch.setattr(Learner, 'training_step', watch)
    return seen
