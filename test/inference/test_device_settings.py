# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Settings on the device: written when they change, and again after an error."""

import numpy as np
import pytest
import torch

from instance_seg_ros.inference import device_settings
from instance_seg_ros.inference.device_settings import DeviceSettings


@pytest.fixture
def settings():
    """Return settings for two images of 8 x 4 cells."""
    return DeviceSettings((2, 4, 8), np.arange(256, dtype=np.uint8), torch.device('cpu'))


def test_what_is_written(settings):
    """Ranks and channels are each other's inverse; cells are counted as the image copies them."""
    settings.write((1.5, 2.), (11, 13), ((16, 4), (8, 8)))
    assert settings.rank_of_class[[11, 13, 12]].tolist() == [0, 1, -1]
    assert settings.class_of_rank[:2].tolist() == [11, 13]
    assert settings.bandwidth[:2].tolist() == [1.5, 2.]
    assert settings.of_column.tolist() == [[2] * 8, [1] * 8]
    assert settings.of_row.tolist() == [[1] * 4, [2] * 4]
    settings.write((3.,), (13,), ((8, 4),))         # one image and padding
    assert settings.rank_of_class[[11, 13]].tolist() == [-1, 0]
    assert settings.of_column.tolist() == [[1] * 8, [1] * 8]


def test_only_changes_are_written(settings, monkeypatch):
    settings.write((1.5,), (13,), ((16, 4), (8, 8)))
    monkeypatch.setattr(device_settings, 'copies_per_cell', None)
    settings.write((1.5,), (13,), ((16, 4), (8, 8)))
    settings.write((2.,), (13,), ((16, 4),))
    assert settings.bandwidth[0] == 2.


def test_an_error_in_between_is_made_good_by_the_next_write(settings, monkeypatch):
    """What was interrupted does not pass for written."""
    settings.write((1.5,), (13,), ((8, 4), (8, 4)))

    def fail(*args):
        raise RuntimeError('CUDA error')
    monkeypatch.setattr(device_settings, 'copies_per_cell', fail)
    with pytest.raises(RuntimeError):
        settings.write((1.5,), (13,), ((16, 4), (8, 4)))
    monkeypatch.undo()
    settings.write((1.5,), (13,), ((8, 4), (8, 4)))
    assert settings.of_column[0].tolist() == [1] * 8
    settings.write((1.5,), (13,), ((16, 4), (8, 4)))
    assert settings.of_column[0].tolist() == [2] * 8
