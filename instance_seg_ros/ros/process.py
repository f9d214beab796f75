# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The life of the node's process: start, spin, and a quick, orderly end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from ..errors import UserError


def run(make_node: Callable[[], Any], args: list[str] | None = None) -> int:
    """
    Make a node, spin until a signal or a context's shutdown, and return the exit status.

    0 after SIGINT, SIGTERM or shutdown; 1 where ``autostart`` could not start; 2 for wrong
    parameters. The node has ``autostart()``, which returns success, and ``end()``.
    """
    node, status = None, 0
    try:
        with _interrupts() as interrupted:
            # Without rclpy's own handlers, which shut the context down between any two messages.
            rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
            node = make_node()
            if node.autostart():
                _spin(node, interrupted)
            elif not interrupted.is_set():
                status = 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except UserError as error:
        print(f'instance_seg_node: {error}', file=sys.stderr)
        status = 2
    finally:
        _end(node)
    return status


def _spin(node: Any, interrupted: threading.Event) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok() and not interrupted.is_set():
            executor.spin_once(timeout_sec=0.2)     # signals are looked at in between
    finally:
        executor.shutdown()


def _end(node: Any) -> None:
    if node is not None:
        node.end()
        node.destroy_node()
    rclpy.try_shutdown()


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """
    Turn the first SIGINT or SIGTERM into KeyboardInterrupt, and ignore further ones.

    The event tells that there was one, for where a library has made another exception of it.
    """
    signals, interrupted = (signal.SIGINT, signal.SIGTERM), threading.Event()

    def interrupt(number: int, frame: Any) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        interrupted.set()
        raise KeyboardInterrupt

    for each in signals:
        signal.signal(each, interrupt)
    yield interrupted
