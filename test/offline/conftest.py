# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags, and a segmenter that is fast and finds what the pixels say."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / 'bags')]

from bag_content import write_bag, write_video  # noqa: E402


@pytest.fixture
def make_bag(tmp_path):
    """Return ``make(name, topics, storage, compression, frames) -> Path``."""
    return lambda name='bag', *args, **more: write_bag(tmp_path / name, *args, **more)


@pytest.fixture
def make_video(tmp_path):
    """Return ``make(name, frames, fps) -> Path``."""
    return lambda name='video.mp4', *args, **more: write_video(tmp_path / name, *args, **more)
