# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Work in a thread that ends with it, so that its OpenMP threads end, too."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar('Result')


def run_apart(action: Callable[[], Result]) -> Result:
    """Call `action` in a thread of its own and return what it returns, or raise what it raises.

    Each thread that computes with PyTorch on a CPU gets OpenMP threads of its own, which stay as
    long as it does. Where there are more of them than cores, OpenMP lets them sleep after each
    operation instead of waiting a moment for the next, which on two cores costs a network half
    as much time again. So where one thread shall do the work, no other that lives on may have
    done any: not even a warm-up.

    A signal may interrupt the caller; the thread then ends by itself, or with the process.
    """
    future: Future[Result] = Future()

    def work() -> None:
        try:
            future.set_result(action())
        except BaseException as error:      # whatever it is, it is the caller's
            future.set_exception(error)

    thread = threading.Thread(target=work, name='apart', daemon=True)
    thread.start()
    try:
        return future.result()
    finally:
        if future.done():
            thread.join()
