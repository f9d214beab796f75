# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Feed damaged input to the readers; everything but a result or a named error is a finding.

A target is a reader with sound input to start from. A case is one damaged input; it must end
with a result or one of the errors that a user is meant to read, within a second of CPU time.
"""

from __future__ import annotations

import logging
import pickle
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.mutations import damaged
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SLOW_S = 1.0
"""CPU time that a case may take."""
_HANG_S = 10.0


@dataclass(frozen=True)
class Target:
    """A reader of foreign input.

    run: takes a case and a folder for files; returns 'accepted' or the name of the error.
    seeds: sound files, whose bytes are damaged. structured: draws cases of another form.
    weight: its share of the cases, less for what takes milliseconds.
    """

    name: str
    run: Callable[[Any, Path], str]
    seeds: tuple[bytes, ...] = ()
    structured: st.SearchStrategy | None = None
    structured_share: float = 0.3
    weight: float = 1.0


def shares(targets: Sequence[Target], cases: int) -> dict[str, int]:
    """Return the number of cases of each target, by name, which add up to `cases` or more."""
    total = sum(target.weight for target in targets)
    return {target.name: -int(-cases * target.weight // total) for target in targets}


@dataclass
class Finding:
    """A wrong reaction, with the first case that shows it."""

    target: str
    what: str
    where: str
    text: str
    case: Any
    count: int = 1


@dataclass
class Report:
    """What became of the cases of a target."""

    target: str
    outcomes: Counter = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    slowest_s: float = 0.0

    @property
    def cases(self) -> int:
        """Count the cases."""
        return self.outcomes.total()

    def add(self, what: str, where: str, text: str, case: Any) -> None:
        """Count a finding, and keep its first case."""
        self.outcomes['FINDING'] += 1
        known = self.findings.get((what, where))
        if known:
            known.count += 1
        else:
            self.findings[what, where] = Finding(self.target, what, where, text, case)


class _Hang(BaseException):
    """Raised in a case that does not end."""


def fuzz(target: Target, cases: int, number: int, folder: Path,
         current: Path | None = None) -> Report:
    """Run cases of a target.

    Args:
        target: reader.
        cases: how many.
        number: the same number gives the same cases.
        folder: for files, empty.
        current: file to which each case is written first, for a process that may crash.
    """
    report, rng = Report(target.name), random.Random(f'{target.name} {number}')
    share = (1.0 if not target.seeds else 0.0 if target.structured is None
             else target.structured_share)

    def run(case: Any) -> None:
        if current is not None:
            current.write_bytes(pickle.dumps((target.name, case)))
        _run_case(target, case, folder, report)

    before = signal.signal(signal.SIGVTALRM, _on_hang)
    logged = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        if share:
            _run_structured(target.structured, run, round(cases * share), number)
        while report.cases < cases and target.seeds:
            run(damaged(rng.choice(target.seeds), rng, list(target.seeds)))
    finally:
        logging.disable(logged)
        signal.signal(signal.SIGVTALRM, before)
    return report


def _run_structured(strategy: st.SearchStrategy, run: Callable, cases: int, number: int) -> None:
    @seed(number)
    @settings(max_examples=max(1, cases), database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run_all(case: Any) -> None:
        run(case)

    run_all()


def _run_case(target: Target, case: Any, folder: Path, report: Report) -> None:
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, _HANG_S)
    try:
        outcome = target.run(case, folder)
    except (Exception, _Hang) as error:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        report.add(type(error).__name__, _place(error), traceback.format_exc(limit=-8), case)
    else:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        seconds = time.process_time() - begin
        report.slowest_s = max(report.slowest_s, seconds)
        if seconds > SLOW_S:
            report.add('slow', outcome, f'{seconds:.1f} s of CPU time', case)
        else:
            report.outcomes[outcome] += 1


def _on_hang(*_) -> None:
    raise _Hang(f'no end after {_HANG_S:.0f} s of CPU time')


def _place(error: BaseException) -> str:
    """Return the innermost line of the package in a traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if 'instance_seg_ros/' in frame.filename and '/test/' not in frame.filename]
    if not frames:
        return 'outside the package'
    return f'{frames[-1].filename.rpartition("instance_seg_ros/")[2]}:{frames[-1].lineno}'


def limit_memory(bytes_more: int) -> None:
    """Let this process allocate only so much more than it has: more is a MemoryError."""
    import resource

    size = next(int(line.split()[1]) << 10 for line in open('/proc/self/status')
                if line.startswith('VmData'))
    resource.setrlimit(resource.RLIMIT_DATA, (size + bytes_more,) * 2)
