# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The segmenter that parameters lead to."""

import pytest
import torch

from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.node_config import segmenter_factory as model
from instance_seg_ros.node_config.parameters import Settings


@pytest.fixture
def usual():
    """Yield the number of PyTorch's threads as if nothing were loaded yet; it is restored."""
    model._usual_threads.cache_clear()
    number = torch.get_num_threads()
    yield number
    torch.set_num_threads(number)


def test_threads_0_undoes_what_another_number_did(tmp_path, usual):
    path = tmp_path / 'untrained.safetensors'
    random_checkpoint(input_size=(64, 64)).save(path)
    for threads, expected in ((0, usual), (usual + 1, usual + 1), (0, usual)):
        model.load_segmenter(Settings(checkpoint=str(path), threads=threads), 'cpu').close()
        assert torch.get_num_threads() == expected
