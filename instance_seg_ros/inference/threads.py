# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How many threads PyTorch computes with on a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Compute with `count` threads, 1 or more; afterwards with as many as before.

    Another thread that uses PyTorch for the first time meanwhile keeps to them, too.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
