# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags and films."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bag_content import write_bag, write_video  # noqa: E402


@pytest.fixture
def make_bag(tmp_path):
    """Return ``make(name, topics, storage, compression, frames) -> Path``."""
    return lambda name='bag', *args, **more: write_bag(tmp_path / name, *args, **more)


@pytest.fixture
def make_video(tmp_path):
    """Return ``make(name, frames, fps) -> Path``."""
    return lambda name='video.mp4', *args, **more: write_video(tmp_path / name, *args, **more)


@pytest.fixture(scope='session')
def shared_bag(tmp_path_factory):
    """Return a bag that no test changes."""
    return write_bag(tmp_path_factory.mktemp('shared') / 'bag')


@pytest.fixture(scope='session', params=['mcap', 'sqlite3'])
def shared_file(tmp_path_factory, request):
    """Return a bag's data file that no test changes."""
    folder = write_bag(tmp_path_factory.mktemp('shared') / 'bag', storage=request.param)
    return next(p for p in folder.iterdir() if p.suffix != '.yaml')
