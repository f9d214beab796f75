# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The work on one bag in a process of its own, which ends with the process that started it.

The arguments come pickled through a pipe, which the parent keeps open: when the parent ends, for
whatever reason, the child reads the end of the pipe and stops as after Ctrl-C.
"""

import argparse
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..core.errors import UserError
from ..core.interruption import STATUS, interrupted_after_imports

Process = Callable[[argparse.Namespace], int]
_PATIENCE_S = 10.0


class Child:
    """A running child process; its output goes to a log."""

    def __init__(self, process: Process, args: argparse.Namespace, log: Path):
        """Start ``process(args)``, which is to return an exit status."""
        self._log = log
        with log.open('wb') as output:
            # Not a fork: the network's threads and devices do not survive one.
            self._child = subprocess.Popen(
                [sys.executable, '-m', __name__], stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})
        with suppress(BrokenPipeError):     # it has ended; the reason is in its log
            pickle.dump((process, args), self._child.stdin)
            self._child.stdin.flush()

    def wait(self) -> tuple[int, str]:
        """Wait for the end; return the exit status and the last line of output."""
        status = self._child.wait()
        self._close_pipe()
        lines = self._log.read_text(encoding='utf-8', errors='replace').strip().splitlines()
        if status == 0:
            self._log.unlink()
        return status, lines[-1] if lines else f'ended with status {status}'

    def stop(self) -> None:
        """Interrupt it so that it saves its progress; kill it when it does not end."""
        self._close_pipe()
        try:
            self._child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _close_pipe(self) -> None:
        with suppress(BrokenPipeError):
            self._child.stdin.close()


def run_alone(process: Process, args: argparse.Namespace, log: Path) -> tuple[int, str]:
    """Run ``process(args)`` in a child; return its exit status and last line of output."""
    child = Child(process, args, log)
    try:
        return child.wait()
    except BaseException:
        child.stop()
        raise


def _watch(descriptor: int) -> None:
    """Interrupt this process at the end of the pipe, and end it where that has no effect."""
    # Not through sys.stdin, whose lock the interpreter needs at shutdown.
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(3 * _PATIENCE_S)
    os._exit(1)     # it did not stop in order


def main() -> int:
    """Run the function that the parent sends; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):      # cron and nohup have SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        with interrupted_after_imports():
            process, args = pickle.load(sys.stdin.buffer)   # noqa: S301 (of the parent)
            threading.Thread(target=_watch, args=(sys.stdin.fileno(),), daemon=True).start()
            return process(args)
    except UserError as error:
        print(error)
        return 2
    except KeyboardInterrupt:
        return STATUS


if __name__ == '__main__':
    sys.exit(main())
