# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recording as a Rerun file, written by a process that can be ended.

Rerun's writer blocks forever on a full disk, and Python's signals do not reach it. So it runs in
a child, which the caller ends when the disk is full or on Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

from ..core.child_process import die_with_parent
from ..core.errors import UserError

ROOM = 1 << 16
"""Bytes that have to be free on the disk."""
_BROKEN, _REFUSED = 3, 2
_LOOK_EVERY_S = 0.2


def write_file(bag: str, path: Path) -> bool:
    """Write a bag as a Rerun file; return whether the bag breaks off.

    Raises:
        UserError: when the bag cannot be read, or the disk is full.
    """
    command = [sys.executable, '-m', __name__, str(bag), str(path)]
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
    child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    said = []
    reader = threading.Thread(target=lambda: said.extend(child.stdout))
    reader.start()
    try:
        while child.poll() is None:
            _require_room(path)
            reader.join(_LOOK_EVERY_S)
        _require_room(path)     # Rerun reports a full disk in its log only
    finally:
        child.kill()
        child.wait()
        reader.join()
        child.stdout.close()
    if child.returncode not in (0, _BROKEN):
        raise UserError(said[-1].strip() if said else
                        f'The recording could not be written (status {child.returncode}).')
    return child.returncode == _BROKEN


def _require_room(path: Path) -> None:
    if shutil.disk_usage(path.parent).free < ROOM:
        raise UserError(f'{path.parent}: the recording could not be written: No space left on '
                        'device.')


def _write(bag_path: str, path: str) -> bool:
    import rerun as rr
    from tqdm import tqdm

    from ..bags import open_source
    from .recording import read_cameras
    from .rerun_view import log_bag

    with open_source(bag_path) as bag:
        cameras = read_cameras(bag)
        stream = rr.RecordingStream('instance_seg')
        stream.save(path)
        total = sum(len(camera.stamps) for camera in cameras)
        log_bag(stream, bag, cameras, partial(tqdm, total=total, unit='image', disable=None))
        stream.disconnect()
        return bool(bag.break_reason)


def main() -> int:
    """Write the file named by the arguments; return the exit status."""
    die_with_parent()
    try:
        return _BROKEN if _write(*sys.argv[1:]) else 0
    except UserError as error:
        print(error)
        return _REFUSED


if __name__ == '__main__':
    sys.exit(main())
