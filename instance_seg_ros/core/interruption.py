# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while libraries load: a KeyboardInterrupt in an import is lost or becomes another error.

NumPy, for instance, raises ImportError for it, and some libraries go on without the optional
dependency that they were loading.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STATUS = 130
"""Exit status after Ctrl-C, as shells have it."""
_RETRY_S = 0.1


@contextmanager
def interrupted_after_imports() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGINT, but not before the imports in progress are finished."""
    with _handling(_on_interrupt):
        yield


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """End the process with `STATUS` at once on SIGINT; for the time when nothing is open yet."""
    with _handling(lambda *_: os._exit(STATUS)):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Handle SIGINT, in the main thread alone and unless it is ignored or handled already."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not in_main or before not in (signal.default_int_handler, _on_interrupt):
        yield
        return
    signal.signal(signal.SIGINT, handler)
    alarm = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        if signal.getsignal(signal.SIGINT) is handler:      # else another has been set for good
            signal.signal(signal.SIGINT, before)


def _on_interrupt(number: int, frame: FrameType | None) -> None:
    if not is_importing(frame):
        raise KeyboardInterrupt
    signal.setitimer(signal.ITIMER_REAL, _RETRY_S)      # SIGALRM then raises SIGINT again


def is_importing(frame: FrameType | None) -> bool:
    """Return whether a frame is within an import statement."""
    while frame is not None:
        if frame.f_code.co_filename.startswith('<frozen importlib'):
            return True
        frame = frame.f_back
    return False
