# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Work in a thread of its own that ends with it."""

import signal
import subprocess
import sys
import threading

import pytest
from checkout import child_environment

from instance_seg_ros.apart import run_apart

COUNT = """
import os, time, torch
from instance_seg_ros.apart import run_apart

def threads():
    return len(os.listdir('/proc/self/task'))

def compute():
    torch.ones(4_000_000).exp()
    return threads()

torch.set_num_threads(4)
before = threads()
assert run_apart(compute) > before + 1, 'no threads of OpenMP'
end = time.monotonic() + 60     # they end a moment after the thread itself, without telling
while threads() > before and time.monotonic() < end:
    time.sleep(0.01)
print('all ended' if threads() == before else f'{threads()} threads instead of {before}')
"""


def test_the_result_comes_from_another_thread_that_has_ended():
    thread = run_apart(threading.current_thread)
    assert thread is not threading.current_thread() and not thread.is_alive()


@pytest.mark.parametrize('error', (ValueError, KeyboardInterrupt, SystemExit))
def test_an_error_is_the_callers(error):
    def fail():
        raise error('so')

    with pytest.raises(error, match='so'):
        run_apart(fail)


def test_a_signal_interrupts_the_caller():
    let_go, ended = threading.Event(), threading.Event()

    def work():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        let_go.wait(60)
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        run_apart(work)
    assert not ended.is_set()
    let_go.set()
    assert ended.wait(60)


def test_threads_of_openmp_end_with_it():
    run = subprocess.run([sys.executable, '-c', COUNT], env=child_environment(),
                         capture_output=True, text=True, timeout=120)
    assert run.stdout == 'all ended\n', run.stdout + run.stderr
