# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all tests: the development data and child processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, child_environment, stop
from hypothesis import settings

from instance_seg_ros.ros.tools.node_process import own_domain

# Machines are slow for a moment: no test fails for its time.
settings.register_profile('without_deadline', deadline=None)
settings.load_profile('without_deadline')

# A shell's background jobs ignore Ctrl-C, and so would all children of tests run as one.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Begin with the files of slow tests: a parallel run should not end with one of them."""
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope='session', autouse=True)
def ros_domain_of_worker():
    """Give each process of a parallel run (pytest-xdist) a ROS domain of its own."""
    if 'PYTEST_XDIST_WORKER' not in os.environ:
        yield
        return
    with own_domain() as domain:
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        yield


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Return the folder of development data next to the checkout; skip where there is none."""
    folder = ROOT.parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip('needs the development data in ../shared/data')
    return folder


@pytest.fixture
def start_python():
    """Return ``start(*args, **env) -> Popen`` for ``python ARGS`` children with piped output.

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
