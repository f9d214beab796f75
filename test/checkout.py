# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where this checkout lies, and how tests start and stop child processes in it."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment in which a child process finds this checkout and its ROS libraries.

    The ROS wheels set the library path of a Python process by executing it once more; a child
    must do that for itself, so the variable that says it was done is left out.
    """
    env = {k: v for k, v in os.environ.items() if k != '_ROS_WHEELS_BOOTSTRAP_COMPLETE'}
    env['PYTHONPATH'] = os.pathsep.join(
        part for part in (str(ROOT), env.get('PYTHONPATH', '')) if part)
    env['PYTHONUNBUFFERED'] = '1'
    return env | changes


def stop(child: subprocess.Popen, seconds: float = 10.0) -> int:
    """Interrupt ``child`` as Ctrl-C does, wait, and go on to SIGTERM and SIGKILL until it ends.

    Where the tests run in the background of a shell, their children do not listen to Ctrl-C.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            child.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                child.communicate(timeout=seconds)
    return child.returncode
