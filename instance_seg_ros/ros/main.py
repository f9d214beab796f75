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
    """Run the node until a signal or the shutdown of its context, and end the process.

    Args:
        args: command line.
        load: makes the segmenter (see ``InstanceSegNode``); the real one by default.
    """
    # The imports below take a second, and a KeyboardInterrupt within a C extension is converted
    # to other exceptions; nothing needs cleaning up yet.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    from .node import InstanceSegNode
    from .process import run
    status = run(lambda: InstanceSegNode(load) if load else InstanceSegNode(), args)
    sys.stdout.flush()
    sys.stderr.flush()
    # All is closed. Interpreter shutdown would spend seconds tearing down torch, and wait for an
    # inference thread that may be blocked in the device.
    os._exit(status)


if __name__ == '__main__':
    main()
