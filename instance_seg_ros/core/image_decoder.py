# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""OpenCV's decoders, whose messages are read instead of printed.

libjpeg, inside OpenCV, decodes damaged data to grey blocks, and the only sign is a line that it
writes to the descriptor of stderr. So that descriptor is redirected while an image is decoded, one
image at a time; what others write meanwhile is passed on.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from .image_error import ImageError

_STDERR = 2
_DAMAGE = re.compile(r'premature end of|bad Huffman code|instead of RST|Invalid JPEG file',
                     re.IGNORECASE)
"""Others of libjpeg's warnings are usual: many webcams send `extraneous bytes before marker`."""
_OF_DECODERS = re.compile(
    r'Corrupt JPEG|Premature end of JPEG|Invalid (JPEG|SOS)|Inconsistent progression|Unknown Adobe'
    r'|Warning: unknown JFIF|Unsupported marker|libpng |TIFF|\[ *(WARN|ERROR)')


def decode(packed: bytes, flags: int) -> np.ndarray:
    """Decode an image whose header has been checked.

    Args:
        packed: the file.
        flags: of `cv2.imdecode`.

    Returns:
        What `cv2.imdecode` returns.

    Raises:
        ImageError: 'broken_compressed' for data that do not decode, or only in part.
    """
    lines: list[str] = []
    try:
        with _redirected(lines):
            image = cv2.imdecode(np.frombuffer(packed, np.uint8), flags)
    except cv2.error:
        image = None
    damage = next((line for line in lines if _DAMAGE.search(line)), '')
    if image is None or damage:
        why = f'are damaged ({damage})' if damage else 'do not decode'
        raise ImageError('broken_compressed', f'{len(packed)} bytes that {why}')
    return image


class _Sink:
    """A file in memory that takes the place of stderr, and the lock of who redirects."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.lock, self.file, self.stderr = threading.Lock(), -1, -1

    def open(self) -> None:
        """Redirect; OSError where there is no stderr."""
        if self.file < 0:
            self.file = _anonymous_file()
        self.stderr = os.dup(_STDERR)
        os.dup2(self.file, _STDERR, inheritable=True)

    def close(self) -> str:
        """Restore stderr; return what has been written."""
        os.dup2(self.stderr, _STDERR, inheritable=True)
        os.close(self.stderr)
        self.stderr = -1
        size = os.lseek(self.file, 0, os.SEEK_END)
        if not size:
            return ''
        written = os.pread(self.file, min(size, 1 << 16), 0)
        os.ftruncate(self.file, 0)
        os.lseek(self.file, 0, os.SEEK_SET)
        return written.decode(errors='replace')

    def after_fork(self) -> None:
        """Give the child its own stderr, file and lock."""
        if self.stderr >= 0:
            os.dup2(self.stderr, _STDERR, inheritable=True)
        self._reset()


def _anonymous_file() -> int:
    if hasattr(os, 'memfd_create'):
        return os.memfd_create('decoder_messages')
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


_sink = _Sink()
os.register_at_fork(after_in_child=_sink.after_fork)


@contextmanager
def _redirected(lines: list[str]) -> Iterator[None]:
    """Append the lines that decoders write; pass on all others."""
    with _sink.lock:
        try:
            _sink.open()
        except OSError:     # stderr is closed
            yield
            return
        try:
            yield
        finally:
            written = _sink.close()
    for line in written.splitlines():
        if _OF_DECODERS.match(line):
            lines.append(line)
        elif line:      # libtiff writes empty ones
            os.write(_STDERR, f'{line}\n'.encode())
