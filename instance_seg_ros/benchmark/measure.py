# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Time and memory of functions."""

from __future__ import annotations

import ctypes
import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm


@dataclass(frozen=True)
class Times:
    """Durations of several calls, in milliseconds."""

    ms: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the calls were faster."""
        return statistics.median(self.ms)

    @property
    def spread(self) -> float:
        """Distance between the quartiles."""
        return self.percentile(75) - self.percentile(25)

    def percentile(self, q: float) -> float:
        """Return the duration that q percent of the calls did not exceed."""
        return float(np.percentile(self.ms, q))


def synchronise(device: torch.device | str):
    """Wait for what was started on a CUDA device; nothing to wait for elsewhere."""
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize(device)


def time_once(function: Callable[[], object], device='cpu') -> float:
    """Return the milliseconds of one call, its work on the device included."""
    synchronise(device)
    start = time.perf_counter()
    function()
    synchronise(device)
    return (time.perf_counter() - start) * 1e3


def time_calls(functions: Mapping[str, Callable[[], object]], repeats: int, device='cpu',
               warm_up: int = 1, title: str = '') -> dict[str, Times]:
    """Time functions in turn, round after round: what disturbs the machine disturbs all alike."""
    for _ in range(warm_up):
        for function in functions.values():
            function()
    ms = {name: [] for name in functions}
    for _ in tqdm(range(repeats), title or 'rounds', leave=False, disable=None):
        for name, function in functions.items():
            ms[name].append(time_once(function, device))
    return {name: Times(tuple(values)) for name, values in ms.items()}


def peak_memory(function: Callable[[], object], device='cpu') -> float | None:
    """Return by how many megabytes (1e6 bytes) a call raises the memory in use at its peak.

    On CUDA what the allocator handed out, otherwise resident memory; None where the system does
    not report it (not Linux).
    """
    gc.collect()
    if torch.device(device).type == 'cuda':
        synchronise(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        function()
        synchronise(device)
        return (torch.cuda.max_memory_allocated(device) - before) / 1e6
    try:
        # What freed blocks the C library keeps would hide a rise; then the peak starts anew.
        ctypes.CDLL(None).malloc_trim(0)
        Path('/proc/self/clear_refs').write_text('5')
        before = _status('VmRSS')
    except (OSError, AttributeError):
        return None
    function()
    return max(0.0, (_status('VmHWM') - before) * 1.024e-3)


def resident_memory(pid: int | str = 'self') -> float:
    """Return the resident memory of a process in megabytes (1e6 bytes); Linux only."""
    return _status('VmRSS', pid) * 1.024e-3


def huge_pages(pid: int | str = 'self') -> float:
    """Return how many megabytes of the resident memory are huge pages; Linux only.

    The kernel makes them of small ones now and then, whole where only a part was in use: by that
    resident memory grows with time, not with frames.
    """
    return _status('AnonHugePages', pid, 'smaps_rollup') * 1.024e-3


def _status(key: str, pid: int | str = 'self', file: str = 'status') -> int:
    """Return a field of a process's status in KiB."""
    for line in Path(f'/proc/{pid}/{file}').read_text().splitlines():
        if line.startswith(f'{key}:'):
            return int(line.split()[1])
    raise OSError(f'/proc/{pid}/{file} has no {key}')


def say(text: str):
    """Print progress where it does not mix with the table."""
    print(text, file=sys.stderr, flush=True)
