# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Children that do not outlive the process that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Ask Linux to end this process when the thread that started it ends, however it does.

    It stays in force over `exec`. Without effect on other systems.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def dying_with_parent() -> Callable[[], None]:
    """Return a `preexec_fn` of `subprocess.Popen` for a program that cannot call the above.

    The thread that starts the child must live as long as the child is to.
    """
    if sys.platform != 'linux':
        return lambda: None
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def prepare() -> None:      # between fork and exec: nothing here may allocate much
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:      # it has ended in between
            os._exit(1)

    return prepare
