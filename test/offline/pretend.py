# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What stands in for the work on one bag; here, because it is imported by other processes."""

import argparse
from pathlib import Path

from instance_seg_ros.bags import open_source


def pretend(args: argparse.Namespace) -> int:
    """Stand in for the work on one bag of a folder."""
    with open_source(args.input) as source:
        assert args.jobs is None and args.threads == 1
        if source.count == 1:
            raise MemoryError('too large')
        Path(args.output).mkdir()
        print(f'{source.count} messages')
    return 0
