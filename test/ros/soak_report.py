# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a soak has shown: resources of the node over time, and what is wrong with them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WARM_UP = 0.25
"""Share of the run in which memory pools and caches may still fill."""
_MOST_DRIFT = 0.05
_MEMORY_NOISE = 0.01
"""Of the resident memory, in addition to twice the standard error of its slope."""


@dataclass(frozen=True)
class Sample:
    """Resources of the node at one time."""

    seconds: float
    memory_mib: float
    threads: int
    files: int
    segments: int
    """Of shared memory."""
    cpu_s: float
    published: int

    @classmethod
    def of(cls, node, seconds: float, published: int) -> Sample:
        """Measure a `NodeProcess`."""
        process = Path(f'/proc/{node.pid}')
        pages = int((process / 'statm').read_text().split()[1])
        times = (process / 'stat').read_text().rpartition(') ')[2].split()[11:13]
        return cls(seconds, pages * os.sysconf('SC_PAGE_SIZE') / 2**20, node.threads,
                   len(node.files), len(node.shared_memory),
                   sum(map(int, times)) / os.sysconf('SC_CLK_TCK'), published)


def _later(samples: Sequence[Sample]) -> Sequence[Sample]:
    return samples[int(WARM_UP * len(samples)):]


def _slope(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return the slope of the memory and its standard error, in MiB per minute."""
    minutes = np.array([s.seconds / 60 for s in samples])
    memory = np.array([s.memory_mib for s in samples])
    if len(samples) < 4:
        return 0.0, float('inf')
    (slope, _), covariance = np.polyfit(minutes, memory, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))


def _cpu_per_frame(samples: Sequence[Sample]) -> float:
    """Return the CPU time of the node per published frame in milliseconds."""
    count = samples[-1].published - samples[0].published
    return 1000 * (samples[-1].cpu_s - samples[0].cpu_s) / max(1, count)


def _drift(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return the CPU time per frame in the first and in the last third after the warm-up."""
    later = _later(samples)
    third = max(2, len(later) // 3)
    return _cpu_per_frame(later[:third]), _cpu_per_frame(later[-third:])


def problems(samples: Sequence[Sample], counts: Counter[str], trends: bool) -> list[str]:
    """Return what is wrong, as sentences; `trends`: long enough to judge what grows."""
    found = [f'{name}: {counts[name]}' for name in ('unbalanced', 'tracebacks', 'exit status')
             if counts[name]]
    found += [f'no {name}' for name in ('diagnostics', 'published', 'parameters set')
              if not counts[name]]
    if not trends:
        return found
    early, late = samples[:len(samples) // 2], samples[len(samples) // 2:]
    for name in ('threads', 'files', 'segments'):
        before, after = (max(getattr(s, name) for s in part) for part in (early, late))
        if after > before:
            found.append(f'{name} grew from {before} to {after}')
    later = _later(samples)
    slope, error = _slope(later)
    minutes = (later[-1].seconds - later[0].seconds) / 60
    if slope - 2 * error > _MEMORY_NOISE * later[0].memory_mib / minutes:
        found.append(f'memory grows by {slope:.2f} MiB per minute')
    first, last = _drift(samples)
    if last > (1 + _MOST_DRIFT) * first:
        found.append(f'CPU time per frame rose from {first:.1f} to {last:.1f} ms')
    return found


def table(samples: Sequence[Sample], counts: Counter[str]) -> str:
    """Return everything as a Markdown table."""
    later = _later(samples)
    slope, error = _slope(later)
    first, last = _drift(samples)
    spans = {name: [getattr(s, name) for s in later]
             for name in ('memory_mib', 'threads', 'files', 'segments')}
    rows = {
        'Duration': f'{samples[-1].seconds / 60:.1f} min',
        'Images sent, received': f'{counts["sent"]}, {counts["received"]}',
        'Published, dropped, failed':
            f'{counts["published"]}, {counts["dropped"]}, {counts["failed"]}',
        'Diagnostics messages, unbalanced': f'{counts["diagnostics"]}, {counts["unbalanced"]}',
        'Parameters set, refused':
            f'{counts["parameters set"]}, {counts["parameters refused"]}',
        'Lifecycle cycles, subscribers': f'{counts["lifecycle cycles"]}, {counts["subscribers"]}',
        'Resident memory': '{:.0f} to {:.0f} MiB'.format(*_span(spans['memory_mib'])),
        'Slope of the memory': f'{slope:+.3f} ± {error:.3f} MiB per minute',
        'Threads': '{} to {}'.format(*_span(spans['threads'])),
        'Open files': '{} to {}'.format(*_span(spans['files'])),
        'Shared memory segments': '{} to {}'.format(*_span(spans['segments'])),
        'CPU time per published frame, early and late': f'{first:.1f}, {last:.1f} ms',
        'Tracebacks, exit status': f'{counts["tracebacks"]}, {counts["exit status"]}'}
    lines = [f'| {name} | {value} |' for name, value in rows.items()]
    return '\n'.join(['| | |', '|---|---|', *lines]) + '\n'


def _span(values: list) -> tuple:
    return min(values), max(values)
