# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while libraries load: status 130, no traceback, not lost."""

import signal
import subprocess
import sys
import threading

import pytest
from checkout import child_environment

from instance_seg_ros.core.interruption import interrupted_after_imports

MODULE = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
for _ in range(1000):
    try:
        'what an import does'
    except BaseException:
        raise ImportError('NumPy converts it')
finished = True
"""


def test_an_import_is_finished_first(tmp_path, monkeypatch):
    (tmp_path / 'interrupted_module.py').write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
    with pytest.raises(KeyboardInterrupt), interrupted_after_imports():
        import interrupted_module
        assert interrupted_module.finished
        threading.Event().wait(60)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_outside_imports_it_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt), interrupted_after_imports():
        signal.raise_signal(signal.SIGINT)


def test_a_handler_that_was_set_meanwhile_hears_it(tmp_path, monkeypatch):
    """Such as that of a recorder, which has to finish its bag."""
    (tmp_path / 'interrupted_again.py').write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    heard = threading.Event()
    with interrupted_after_imports():
        import interrupted_again
        before = signal.signal(signal.SIGINT, lambda *_: heard.set())
        try:
            assert interrupted_again.finished and heard.wait(60)
        finally:
            signal.signal(signal.SIGINT, before)


def test_other_threads_and_ignored_signals_are_left_alone():
    def work():
        with interrupted_after_imports():
            states.append(signal.getsignal(signal.SIGINT))

    states = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work()
    finally:
        signal.signal(signal.SIGINT, before)
    assert states == [before, signal.SIG_IGN]


def test_the_command_line_ends_without_a_word(tmp_path):
    """The interpreter reports each import, so that the moment is known."""
    child = subprocess.Popen(
        [sys.executable, '-X', 'importtime', '-m', 'instance_seg_ros.cli', 'segment', 'a.png',
         '--output', 'b'],
        env=child_environment(), cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    begun = False
    for line in child.stderr:
        begun |= 'instance_seg_ros.core.interruption' in line
        if begun and line.endswith('numpy.version\n'):
            child.send_signal(signal.SIGINT)
            break
    out, err = child.communicate(timeout=120)
    said = [line for line in err.splitlines() if not line.startswith('import time:')]
    assert (child.returncode, out, said) == (130, '', [])
