# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A lock file: one process at a time writes a result."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import UserError


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Lock ``path`` for writing.

    The lock ends with the process, however that ends; a stale lock file is reused.

    Raises:
        UserError: when another process has the lock, or the folder is not writable.
    """
    lock = path.with_name(f'.{path.name}.lock')
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = _locked(lock)
    except BlockingIOError:
        raise UserError(f'{path} is being written by another process; wait for it, or choose '
                        'another name.') from None
    except OSError as error:
        raise UserError(f'Cannot write {path}: {error.strerror}.') from error
    with file:
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _locked(lock: Path):
    while True:
        file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644), 'w')
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its owner may have removed it after it was opened here: then it protects nothing.
            if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                return file
        except FileNotFoundError:
            pass
        except OSError:
            file.close()
            raise
        file.close()
