# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A ROS node for the length of a command, and stopping on Ctrl-C in between its steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions


@contextmanager
def ros_node(name: str, domain: int | None = None,
             use_sim_time: bool = False) -> Iterator[Node]:
    """Run a node in a context of its own; both are gone afterwards."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain, args=[],
               signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = Node(name, context=context, use_global_arguments=False,
                    parameter_overrides=[Parameter('use_sim_time', value=use_sim_time)])
        try:
            yield node
        finally:
            node.destroy_node()
    finally:
        context.try_shutdown()


@contextmanager
def spinning(node: Node, stop: threading.Event | None = None) -> Iterator[None]:
    """Serve the node's callbacks in a thread, which is joined at the end.

    A callback's error is raised there, whatever else went wrong; it sets ``stop`` at once, so
    that nothing waits for an event that can no longer occur.
    """
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    failures = []

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            pass
        except BaseException as error:  # a callback's error belongs to who waits here
            failures.append(error)
            if stop is not None:
                stop.set()

    thread = threading.Thread(target=spin, name='executor')
    thread.start()
    try:
        yield
    finally:
        executor.shutdown()
        thread.join()
        if failures:
            raise failures[0]


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set, instead of ending the process midway."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set())
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
