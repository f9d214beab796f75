# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A device is probed after an error: it answers, fails, or hangs."""

import threading

import torch

from instance_seg_ros.inference.device_probe import device_answers


def test_a_device_that_computes_answers():
    assert device_answers('cpu') and device_answers(torch.device('cpu'))


def test_a_device_that_fails_does_not(monkeypatch):
    """As every call does after an error that stays."""
    def ones(*args, **kwargs):
        raise RuntimeError('CUDA error: an illegal memory access was encountered')
    monkeypatch.setattr(torch, 'ones', ones)
    assert not device_answers('cpu')


def test_a_device_that_hangs_is_not_waited_for(monkeypatch):
    come_back = threading.Event()
    monkeypatch.setattr(torch, 'ones', lambda *args, **kwargs: (
        come_back.wait(), torch.zeros(16))[1])
    assert not device_answers('cpu', timeout_s=.05)
    probe = next(t for t in threading.enumerate() if t.name == 'device probe')
    monkeypatch.undo()
    come_back.set()
    probe.join()


def test_a_device_that_computes_nonsense_does_not_answer(monkeypatch):
    monkeypatch.setattr(torch, 'ones', lambda *args, **kwargs: torch.zeros(16))
    assert not device_answers('cpu')
