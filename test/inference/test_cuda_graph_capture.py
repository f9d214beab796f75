# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What surrounds a capture, with PyTorch's CUDA calls replaced: order, locks, failures."""

import gc
import threading
from contextlib import contextmanager, nullcontext

import pytest
import torch

from instance_seg_ros.core.errors import DeviceError
from instance_seg_ros.inference import cuda_graph_capture
from instance_seg_ros.inference.cuda_graph_capture import GraphRecorder, capture_lock


class Calls(list):
    """What was asked of CUDA, in order."""

    failure = None


@pytest.fixture
def cuda(monkeypatch):
    """Replace what a recorder uses of torch.cuda; returns the calls."""
    calls = Calls()

    class Stream:
        def synchronize(self):
            calls.append('synchronize stream')

    class Graph:
        def replay(self):
            calls.append('replay')

    @contextmanager
    def graph(graph, pool, stream, capture_error_mode):
        assert capture_error_mode == 'thread_local' and not gc.isenabled()
        calls.append(('capture', pool, stream))
        yield
        if calls.failure:
            raise calls.failure

    pools = iter(range(100))
    for name, value in (('Stream', Stream), ('CUDAGraph', Graph), ('graph', graph),
                        ('graph_pool_handle', lambda: next(pools)),
                        ('device', nullcontext), ('stream', nullcontext)):
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch.cuda, 'synchronize', None)      # the device is never synchronised
    return calls


def test_steps_share_a_pool_and_a_stream(cuda):
    """One warm pass, one capture and one replay each; no collection of garbage meanwhile."""
    recorder, passes = GraphRecorder('cuda:0'), []
    with recorder.session():
        assert not gc.isenabled()
        steps = [recorder(lambda: passes.append(cuda[-1:]) or (torch.zeros(1),))
                 for _ in range(2)]
    assert gc.isenabled()
    captured = 'capture', 0, recorder.stream
    assert cuda == ['synchronize stream', captured, 'replay'] * 2 and len(passes) == 4
    steps[0]()
    assert cuda[-1] == 'replay'


@pytest.mark.parametrize('error', [
    RuntimeError('operation not permitted when stream is capturing\nmore'),
    torch.cuda.OutOfMemoryError('operation not permitted when stream is capturing')])
def test_a_failed_capture_loses_the_process(cuda, error):
    """There is no fallback: the message says what to set."""
    recorder, cuda.failure = GraphRecorder('cuda:0'), error
    with pytest.raises(DeviceError, match='stream is capturing. Set cuda_graphs: off') as raised:
        with recorder.session():
            recorder(lambda: (torch.zeros(1),))
    assert raised.value.process_lost and gc.isenabled()
    assert '\n' not in str(raised.value)


def test_an_error_before_the_capture_is_that_of_the_work(cuda):
    """Too little memory for the warm pass: the process can go on."""
    def work():
        raise torch.cuda.OutOfMemoryError('out of memory')
    with pytest.raises(torch.cuda.OutOfMemoryError):
        GraphRecorder('cuda:0')(work)


def test_captures_take_turns(cuda):
    """A second thread waits for the session of the first, and so does freeing memory."""
    order, inside = [], threading.Event()

    def second():
        with GraphRecorder('cuda:0').session():
            order.append('second')
        with capture_lock():
            order.append('freed')

    with GraphRecorder('cuda:0').session():
        thread = threading.Thread(target=lambda: (inside.set(), second()))
        thread.start()
        inside.wait()
        assert not cuda_graph_capture._one_capture.acquire(blocking=False) or \
            cuda_graph_capture._one_capture.release() is None
        order.append('first')
    thread.join()
    assert order == ['first', 'second', 'freed']
