# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lock files of this user, in a folder that only this user can write to."""

from __future__ import annotations

import os
import stat
import tempfile
from io import FileIO
from pathlib import Path

from .errors import UserError


def runtime_folder() -> Path:
    """Return (and make) `$XDG_RUNTIME_DIR/instance_seg_ros`, else one in the temporary folder.

    Raises:
        UserError: when what is there belongs to another user, may be written by others, or is a
            link.
    """
    base = os.environ.get('XDG_RUNTIME_DIR', '')
    if base and os.access(base, os.W_OK | os.X_OK):
        folder = Path(base, 'instance_seg_ros')
    else:
        folder = Path(tempfile.gettempdir(), f'instance_seg_ros-{os.getuid()}')
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = os.lstat(folder)
    except OSError as error:
        raise UserError(f'{folder} cannot be used: {error.strerror}.') from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise UserError(f'{folder} is not a folder of this user alone; remove it, or set '
                        'XDG_RUNTIME_DIR.')
    return folder


def open_lock(name: str) -> FileIO:
    """Open a file of the folder to lock it; a link in its place is refused.

    Raises:
        UserError: when it cannot be opened.
    """
    path = runtime_folder() / name
    try:
        return FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UserError(f'{path} cannot be used: {error.strerror}.') from error
