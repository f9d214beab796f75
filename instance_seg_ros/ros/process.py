# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's process: start, spin, and a quick, orderly shutdown."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from ..core.errors import UserError
from ..core.interruption import is_importing

_RETRY_S = 0.001
# SIGALRM repeats one that came at a bad moment.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


def run(make_node: Callable[[], Any], args: list[str] | None = None) -> int:
    """Create a node and spin until a signal or the shutdown of its context.

    Args:
        make_node: returns a node with ``autostart``, ``end`` and ``release_handle`` (see
            ``InstanceSegNode``).
        args: command line.

    Returns:
        The exit status: 0 after SIGINT, SIGTERM or shutdown, 1 when ``autostart`` failed, 2 for
        invalid arguments or parameters; otherwise the node's ``exit_status``.
    """
    interruption = Interruption()
    # Without rclpy's own handlers, which shut the context down between any two messages.
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:   # of rcl: invalid arguments, an unreadable parameters file
        # Remove the locations in rcl's sources, which follow each part.
        said = ' '.join(re.sub(r',? at \S+:\d+', '', str(error)).split())
        print(f'instance_seg_node: {said}', file=sys.stderr)
        return 2
    rclpy.get_default_context().on_shutdown(interruption.cause)
    try:
        return _serve(make_node, interruption)
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except UserError as error:
        print(f'instance_seg_node: {error}', file=sys.stderr)
        return 2


def _serve(make_node: Callable[[], Any], interruption: Interruption) -> int:
    node = None
    try:
        node = make_node()
        interruption.allow(node)    # from here on there is a node which can be ended
        started = node.autostart()
        if started:
            _spin(node, interruption)
        if node.exit_status is not None:
            return node.exit_status
        return 0 if started or interruption.happened or is_shut_down(node) else 1
    except Exception:
        if not interruption.happened and not (node and is_shut_down(node)):
            raise
        return 0        # a library's exception for the interrupt, or for destroyed handles
    finally:
        interruption.ignore()
        _end(node)


def _spin(node: Any, interruption: Interruption) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok() and not interruption.happened and node.exit_status is None:
            executor.spin_once(timeout_sec=0.2)     # signals are checked in between
    finally:
        executor.shutdown()


def _end(node: Any) -> None:
    if node is not None:
        node.end()
        node.destroy_node()
        node.release_handle()
    rclpy.try_shutdown()


def is_shut_down(node: Any) -> bool:
    """Return whether a node's context is shut down; waits for a shutdown in progress."""
    done = threading.Event()
    node.context.on_shutdown(done.set)      # called at once, if it is
    return done.is_set()


class Interruption:
    """Raises KeyboardInterrupt in the main thread for the first SIGINT, SIGTERM or ``cause``.

    ``happened`` is set even where a library converts the exception. Before ``allow`` it is only
    set.
    """

    def __init__(self) -> None:
        self.happened = self._allowed = False
        self._node: Any = None
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)

    def allow(self, node: Any) -> None:
        """Raise KeyboardInterrupt from now on, and at once if it has happened."""
        self._allowed, self._node = True, node
        if self.happened:
            raise KeyboardInterrupt

    def cause(self) -> None:
        """Interrupt the main thread, from any thread."""
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, signal.SIGINT)

    def ignore(self) -> None:
        """Ignore signals from now on."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: Any) -> None:
        if self._allowed and _is_in_context_stack(frame):
            signal.setitimer(signal.ITIMER_REAL, _RETRY_S)
            return
        self.ignore()
        self.happened = True
        if self._allowed:
            # While a library is loading, the exception could pass through its C++ code, which
            # ends the process with an error.
            if is_importing(frame):
                self._end_now()
            raise KeyboardInterrupt

    def _end_now(self) -> NoReturn:
        """End the node and the process from within the handler."""
        try:
            _end(self._node)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _is_in_context_stack(frame: Any) -> bool:
    """Return whether a frame is amid entering or leaving a context of an ExitStack.

    An exception there loses the context: the executor would never give the handle back that it
    has just taken, and the participant with its shared memory would outlive the node.
    """
    return bool(frame) and frame.f_code.co_filename == contextlib.__file__
