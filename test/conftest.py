# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests share: where the development data lie and how child processes are started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Return the folder of development data beside the checkout; skip where there is none."""
    folder = ROOT.parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip('needs the development data in ../shared/data')
    return folder


def child_environment(**changes: str) -> dict[str, str]:
    """
    Return the environment in which a child process finds this checkout and its ROS libraries.

    The ROS wheels set the library path of a Python process by executing it once more; a child
    must do that for itself, so the variable that says it was done is left out.
    """
    env = {k: v for k, v in os.environ.items() if k != '_ROS_WHEELS_BOOTSTRAP_COMPLETE'}
    env['PYTHONPATH'] = os.pathsep.join(
        part for part in (str(ROOT), env.get('PYTHONPATH', '')) if part)
    env['PYTHONUNBUFFERED'] = '1'
    return env | changes


@pytest.fixture
def start_python():
    """
    Return ``start(*args, **env) -> Popen`` for ``python ARGS`` children with piped output.

    Whatever still runs at the end of the test is interrupted and waited for.
    """
    children = []

    def start(*args, **env):
        child = subprocess.Popen(
            [sys.executable, *map(str, args)], env=child_environment(**env), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        children.append(child)
        return child

    yield start
    for child in children:
        stop(child)


def stop(child: subprocess.Popen, seconds: float = 10.0) -> int:
    """Interrupt ``child`` as Ctrl-C does, wait, and kill it when it does not listen."""
    if child.poll() is None:
        child.send_signal(2)
        try:
            child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
    return child.returncode
