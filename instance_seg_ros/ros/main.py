# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The executable ``instance_seg_node``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any


def main(args: list[str] | None = None, load: Callable[..., Any] | None = None) -> int:
    """
    Run the node until a signal or the end of its context, and return the exit status.

    :param load: makes the segmenter (see ``InstanceSegNode``); the real one by default.
    """
    # The imports below take a second, and an exception in the middle of one of their C
    # extensions comes out as something else; nothing has begun yet that would need an end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    from .node import InstanceSegNode
    from .process import run
    return run(lambda: InstanceSegNode(load) if load else InstanceSegNode(), args)


if __name__ == '__main__':
    raise SystemExit(main())
