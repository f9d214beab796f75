# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fast DDS's shared memory: what processes that were killed have left behind."""

import fcntl
from pathlib import Path

FOLDER = Path('/dev/shm')
PREFIXES = 'fastdds', 'fastrtps'    # the second until ROS 2 Jazzy


def abandoned():
    """Return the segments whose owner is gone: it holds a lock as long as it lives."""
    locks = [lock for prefix in PREFIXES for lock in FOLDER.glob(f'{prefix}_{"?" * 16}_el')]
    return [Path(str(lock).removesuffix('_el')) for lock in locks if not _is_held(lock)]


def remove(segments):
    """Remove segments with their locks."""
    for segment in segments:
        for path in (segment, Path(f'{segment}_el')):
            path.unlink(missing_ok=True)


def _is_held(lock):
    try:
        with lock.open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:     # held; or gone, for the owner has just ended in order
        return True
    return False
