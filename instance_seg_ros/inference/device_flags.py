# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's process-wide arithmetic flags, set while an engine works and restored after it.

TF32 keeps 10 bits of the mantissa: squared distances computed as a^2 + b^2 - 2ab are then wrong by
up to a tenth of a bandwidth^2 (containers of NVIDIA switch it on by environment variable), and
`half: off` would not compute in float32.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

BENCHMARK_LIMIT = 5
"""cuDNN algorithms that are timed for each convolution; they are timed at warm-up only."""

_lock = threading.Lock()
_users: list[object] = []
_before: dict[tuple[Any, str], Any] = {}


@contextmanager
def exact_arithmetic(benchmark: bool = False) -> Iterator[None]:
    """Compute in full float32 and with deterministic cuDNN algorithms meanwhile.

    Nests, in one thread and over several: the first one in saves the flags of the process and the
    last one out restores them.

    Args:
        benchmark: also time cuDNN's algorithms, which the work of this thread then keeps.
    """
    user = object()
    with _lock:
        if not _users:
            _save_and_set()
        _users.append(user)
        if benchmark:
            torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        with _lock:
            _users.remove(user)
            if benchmark:
                torch.backends.cudnn.benchmark = _before[torch.backends.cudnn, 'benchmark']
            if not _users:
                _restore()


def _save_and_set() -> None:
    cudnn = torch.backends.cudnn
    _before.update({(cudnn, 'benchmark'): cudnn.benchmark,
                    (cudnn, 'deterministic'): cudnn.deterministic})
    cudnn.deterministic = True
    if getattr(cudnn, 'benchmark_limit', None) is not None:
        _before[cudnn, 'benchmark_limit'] = cudnn.benchmark_limit
        cudnn.benchmark_limit = BENCHMARK_LIMIT
    for module, precise in ((torch.backends.cuda.matmul, torch.backends.cuda.matmul),
                            (cudnn, getattr(cudnn, 'conv', None))):
        _forbid_tf32(module, precise)


def _forbid_tf32(module: Any, precise: Any) -> None:
    """Forbid TF32 with the interface that this process uses: mixing the two is an error."""
    exact: bool | str
    try:
        owner, name, exact = module, 'allow_tf32', False
        before = module.allow_tf32
    except RuntimeError:      # set through fp32_precision, PyTorch 2.9 and later
        owner, name, exact = precise, 'fp32_precision', 'ieee'
        before = precise.fp32_precision
    if before != exact:       # setting what is set already would change the other interface
        _before[owner, name] = before
        setattr(owner, name, exact)


def _restore() -> None:
    for (owner, name), value in _before.items():
        setattr(owner, name, value)
    _before.clear()
