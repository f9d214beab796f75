# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files of this user that can be made again: `$XDG_CACHE_HOME/instance_seg_ros`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from .atomic_file import atomic_path


def cache_folder() -> Path:
    """Return the folder, by default `~/.cache/instance_seg_ros`; it may not exist."""
    base = os.environ.get('XDG_CACHE_HOME', '')
    return Path(base if os.path.isabs(base) else Path.home() / '.cache', 'instance_seg_ros')


def cached_bytes(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the content of a file of the cache; make and store it where it is missing.

    A folder that cannot be written to is logged; the content is then made for every process.

    Args:
        name: of the file; another content needs another name.
        make: returns the content, which is not empty.
    """
    try:
        path = cache_folder() / name
        content = path.read_bytes() if path.is_file() else b''
    except (OSError, RuntimeError):         # unreadable, or there is no home folder
        return make()
    return content or _store(path, make())


def writable_folder(name: str) -> Path | None:
    """Return (and make) a folder of the cache; log and return None where that fails."""
    try:
        folder = cache_folder() / name
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):         # RuntimeError: there is no home folder
        pass
    _warn(name)
    return None


def _store(path: Path, content: bytes) -> bytes:
    try:
        with atomic_path(path) as part, part.open('wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())         # a vehicle may be switched off at any time
    except OSError:
        _warn(path)
    return content


def _warn(path: Path | str) -> None:
    logging.getLogger(__name__).warning(
        'The cache cannot be written (%s): its content is computed again at every start. Set '
        'XDG_CACHE_HOME to a writable folder.', path)
