# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The executable ``instance_seg_node``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn


def main(args: list[str] | None = None, load: Callable[..., Any] | None = None) -> NoReturn:
    """
    Run the node until a signal or the end of its context, and end the process.

    :param load: makes the segmenter (see ``InstanceSegNode``); the real one by default.
    """
    # The imports below take a second, and an exception in the middle of one of their C
    # extensions comes out as something else; nothing has begun yet that would need an end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    from .node import InstanceSegNode
    from .process import run
    status = run(lambda: InstanceSegNode(load) if load else InstanceSegNode(), args)
    sys.stdout.flush()
    sys.stderr.flush()
    # All is closed. Python's own farewell would take apart half of torch, which takes seconds,
    # and wait for a thread which the device may never give back.
    os._exit(status)


if __name__ == '__main__':
    main()
