# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The segmenter that parameters lead to."""

import hashlib

import pytest
import torch

from instance_seg_ros.core.errors import DeviceError, UserError
from instance_seg_ros.inference import device_probe
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.node_config import segmenter_factory as model
from instance_seg_ros.node_config.parameters import NodeSettings


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
        model.load_segmenter(NodeSettings(checkpoint=str(path), threads=threads), 'cpu').close()
        assert torch.get_num_threads() == expected


@pytest.mark.parametrize('error, device, answers, lost', [
    (DeviceError('capture failed', process_lost=True), 'cuda:0', True, True),
    (DeviceError('capture failed', process_lost=True), 'fake:0', True, True),
    (RuntimeError('CUDA error: illegal address'), 'cuda:0', False, True),
    (torch.cuda.OutOfMemoryError('CUDA out of memory'), 'cuda:0', True, False),
    (RuntimeError('CUDA error'), 'cpu', False, False),
    (RuntimeError('CUDA error'), 'auto', False, False)])      # there is no CUDA device
def test_a_device_is_lost_if_the_error_says_so_or_it_does_not_answer(
        monkeypatch, error, device, answers, lost):
    monkeypatch.setattr(device_probe, 'device_answers', lambda name: answers)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert model.is_device_lost(error, device) is lost


class OutOfMemoryError(RuntimeError):
    pass


@pytest.mark.parametrize('error, is_device', (
    (OutOfMemoryError(), True), (RuntimeError('CUDA error: unspecified launch failure'), True),
    (RuntimeError('cuDNN error: CUDNN_STATUS_EXECUTION_FAILED'), True),
    (RuntimeError('shape mismatch'), False), (ValueError('cuda'), False)))
def test_device_errors_are_distinguished(error, is_device):
    assert model.is_device_error(error) is is_device


def test_only_the_pinned_weights_are_loaded(tmp_path):
    path = tmp_path / 'untrained.safetensors'
    random_checkpoint(input_size=(64, 64)).save(path)
    pin = hashlib.sha256(path.read_bytes()).hexdigest()
    settings = NodeSettings(checkpoint=str(path), checkpoint_sha256=pin.upper())
    model.load_segmenter(settings, 'cpu').close()
    random_checkpoint(1, input_size=(64, 64)).save(path)
    with pytest.raises(UserError, match='not that of checkpoint_sha256') as error:
        model.load_segmenter(settings, 'cpu')
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(error.value)
