# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked of ONNX Runtime on a GPU; no GPU is needed to see it."""

import torch

from instance_seg_ros.inference.onnx_runtime import _providers

DEVICE = torch.device('cuda:1')


def test_tensorrt_keeps_engines_of_16_bit_and_falls_back(tmp_path, monkeypatch):
    """What TensorRT cannot compute runs on CUDA, then on the CPU."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    providers = _providers('tensorrt', DEVICE, half=True)
    assert [name for name, _ in providers] == [
        'TensorrtExecutionProvider', 'CUDAExecutionProvider', 'CPUExecutionProvider']
    options = providers[0][1]
    assert options['device_id'] == 1 and options['trt_fp16_enable'] is True
    folder = tmp_path / 'instance_seg_ros' / 'tensorrt'
    assert options['trt_engine_cache_enable'] and options['trt_engine_cache_path'] == str(folder)
    assert folder.is_dir()


def test_other_providers_do_without_tensorrt():
    assert [name for name, _ in _providers('cuda', DEVICE, half=True)] == [
        'CUDAExecutionProvider', 'CPUExecutionProvider']
    assert _providers('cpu', torch.device('cpu'), half=True) == [('CPUExecutionProvider', {})]
