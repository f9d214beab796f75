# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags and films."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bag_content import make_bag, make_video, write_bag  # noqa: E402, F401


@pytest.fixture(scope='session')
def shared_bag(tmp_path_factory):
    """Return a bag that no test changes."""
    return write_bag(tmp_path_factory.mktemp('shared') / 'bag')


@pytest.fixture(scope='session', params=['mcap', 'sqlite3'])
def shared_file(tmp_path_factory, request):
    """Return a bag's data file that no test changes."""
    folder = write_bag(tmp_path_factory.mktemp('shared') / 'bag', storage=request.param)
    return next(p for p in folder.iterdir() if p.suffix != '.yaml')
