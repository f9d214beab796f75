# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What stands in for the work on one bag; here, because it is imported by other processes."""

import argparse
import os
import signal
import threading
from pathlib import Path

from instance_seg_ros.bags import open_source


def pretend(args: argparse.Namespace) -> int:
    """Fail for a bag of one message, die of one of two, and count those of others."""
    with open_source(args.input) as source:
        assert args.jobs is None and args.threads == 1
        if source.count == 1:
            raise MemoryError('too large')
        if source.count == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        Path(args.output).mkdir()
        print(f'{source.count} messages')
    return 0


def write_and_fail(args: argparse.Namespace) -> int:
    """Leave a result, and say that it is of no use."""
    args.output.mkdir()
    print('No image could be segmented')
    return 1


def work_forever(args: argparse.Namespace) -> int:
    """Say which process works, then wait to be interrupted, and leave a sign of an orderly end."""
    process = args.output.with_suffix('.pid')
    process.with_suffix('.new').write_text(str(os.getpid()))
    process.with_suffix('.new').rename(process)
    try:
        threading.Event().wait()
    finally:
        args.output.with_suffix('.saved').touch()
    return 0
