# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Engine, provider and device fit together, or a sentence says why not."""

import pytest
import torch

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference import engine_choice
from instance_seg_ros.inference.engine_choice import PACKAGES, PROVIDER_CHOICES, choose_engine


@pytest.fixture
def installed(monkeypatch):
    """Return a set of the packages that are found; all at first."""
    names = {name for packages in PACKAGES.values() for name in packages}
    monkeypatch.setattr(engine_choice, 'find_spec', lambda name: name in names or None)
    return names


@pytest.mark.parametrize('asked, chosen', [
    (('torch', 'auto', 'cuda:1'), ('torch', 'auto', 'cuda:1')),
    (('openvino', 'auto', 'auto'), ('openvino', 'auto', 'cpu')),
    (('openvino', 'npu', 'cpu'), ('openvino', 'npu', 'cpu')),
    (('onnxruntime', 'auto', 'auto'), ('onnxruntime', 'auto', 'auto')),
    (('onnxruntime', 'cpu', 'auto'), ('onnxruntime', 'cpu', 'cpu')),
    (('onnxruntime', 'tensorrt', 'auto'), ('onnxruntime', 'tensorrt', 'cuda')),
    (('onnxruntime', 'cuda', 'cuda:1'), ('onnxruntime', 'cuda', 'cuda:1'))])
def test_device_for_the_clustering(installed, asked, chosen):
    choice, device = choose_engine(*asked)
    assert (*choice, device) == chosen


@pytest.mark.parametrize('asked, message', [
    (('tensorrt', 'auto', 'auto'), "engine 'tensorrt'; available: auto, torch, openvino"),
    (('openvino', 'tensorrt', 'auto'), "provider 'tensorrt' for engine openvino; available: auto"),
    (('torch', 'cuda', 'auto'), "provider 'cuda' for engine torch"),
    (('onnxruntime', 'cuda', 'cpu'), 'needs a CUDA device, not device cpu'),
    (('openvino', 'auto', 'cuda'), 'does not run on device cuda; set device: cpu'),
    (('onnxruntime', 'cpu', 'cuda:0'), 'does not run on device cuda:0')])
def test_contradictions_are_named(installed, asked, message):
    with pytest.raises(UserError, match=message):
        choose_engine(*asked)


@pytest.mark.parametrize('engine', ['openvino', 'onnxruntime'])
def test_a_missing_package_is_named(installed, engine):
    installed.remove(engine)
    with pytest.raises(UserError, match=f'not installed: {engine}. .*`pip install {engine}`'):
        choose_engine(engine, 'auto', 'auto')
    installed.clear()
    with pytest.raises(UserError, match=f'{engine}, onnx'):
        choose_engine(engine, 'auto', 'auto')


def test_auto_is_openvino_on_a_cpu_that_has_it(installed, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert choose_engine('auto', 'auto', 'auto')[0].name == 'torch'
    assert choose_engine('auto', 'auto', 'cpu')[0].name == 'openvino'
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert choose_engine('auto', 'auto', 'auto')[0].name == 'openvino'
    installed.remove('openvino')
    assert choose_engine('auto', 'auto', 'auto')[0].name == 'torch'


def test_every_provider_is_offered():
    assert set(PROVIDER_CHOICES) == {'auto', 'cpu', 'gpu', 'npu', 'cuda', 'tensorrt'}
