# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arithmetic flags of the process are exact while an engine works, and restored after it."""

import threading

import pytest
import torch

from instance_seg_ros.inference.device_flags import exact_arithmetic

MATMUL, CUDNN = torch.backends.cuda.matmul, torch.backends.cudnn


def flags():
    """Return what the context changes."""
    return MATMUL.allow_tf32, CUDNN.allow_tf32, CUDNN.deterministic, CUDNN.benchmark


@pytest.fixture(autouse=True)
def restored():
    """Leave the flags of the test process as they were."""
    before = flags()
    yield
    MATMUL.allow_tf32, CUDNN.allow_tf32, CUDNN.deterministic, CUDNN.benchmark = before


@pytest.mark.parametrize('tf32', [True, False])
def test_flags_are_exact_and_restored(tf32):
    """Also where TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1 has allowed TF32 at start-up."""
    MATMUL.allow_tf32 = CUDNN.allow_tf32 = tf32
    before = flags()
    with exact_arithmetic():
        assert flags() == (False, False, True, before[3])
    assert flags() == before


def test_nested_users_restore_once():
    MATMUL.allow_tf32 = True
    before = flags()
    with exact_arithmetic(benchmark=True):
        assert CUDNN.benchmark
        with exact_arithmetic():
            assert not MATMUL.allow_tf32
        assert not MATMUL.allow_tf32 and CUDNN.benchmark
    assert flags() == before


def test_an_error_restores_them():
    MATMUL.allow_tf32 = True
    with pytest.raises(KeyError), exact_arithmetic():
        raise KeyError
    assert MATMUL.allow_tf32


def test_threads_that_overlap():
    """The first one in leaves before the second one: the flags stay exact for the second."""
    MATMUL.allow_tf32 = True
    entered, leave = threading.Event(), threading.Event()

    def first():
        with exact_arithmetic():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with exact_arithmetic():
        leave.set()
        thread.join()
        assert not MATMUL.allow_tf32
    assert MATMUL.allow_tf32


@pytest.mark.skipif(tuple(map(int, torch.__version__.split('.')[:2])) < (2, 9),
                    reason='needs PyTorch 2.9')
def test_a_process_that_uses_the_newer_interface():
    """Reading the older one is an error there."""
    before = MATMUL.fp32_precision
    MATMUL.fp32_precision = 'tf32'
    try:
        with exact_arithmetic():
            assert MATMUL.fp32_precision == 'ieee'
        assert MATMUL.fp32_precision == 'tf32'
    finally:
        MATMUL.fp32_precision = before
