#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fuzz every reader of foreign input for long, in processes that may crash.

    python3 scripts/fuzz.py --cases 100000 --output fuzz_report

Prints a table, and writes findings with their cases to the folder. Exit status 1: there are
findings. The targets are in test/fuzz; the tests run a few cases of each.
"""

from __future__ import annotations

import argparse
import os
import pickle
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(ROOT), str(ROOT / 'test')]      # without scripts/, where this file is 'fuzz'

from fuzz.harness import Finding  # noqa: E402

MEMORY = 512 << 20
"""Bytes that a process may allocate for its cases."""
TIME_S = 12 * 3600
PLAN, CURRENT = 'plan.pickle', 'current.pickle'


def main() -> int:
    """Fuzz the chosen targets; return 1 with findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--cases', type=int, default=100_000, help='of all targets together')
    parser.add_argument('--target', action='append', help='names (default: all)')
    parser.add_argument('--seed', type=int, default=1, help='another number: other cases')
    parser.add_argument('--output', type=Path, default=Path('fuzz_report'), metavar='DIR')
    parser.add_argument('--worker', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args.output)
    args.output.mkdir(parents=True, exist_ok=True)
    reports = run(args.target, args.cases, args.seed, args.output)
    write_findings(args.output, reports)
    (args.output / 'report.md').write_text(table(reports))
    print(table(reports))
    return 1 if any(report.findings for report in reports) else 0


def run(names: list[str] | None, cases: int, number: int, output: Path) -> list:
    """Run workers until all cases are done; a crash is a finding of its own."""
    from fuzz.harness import Report, shares
    from fuzz.targets import TARGETS

    share = shares([t for t in TARGETS if not names or t.name in names], cases)
    totals = {name: Report(name) for name in share}
    while left := {n: share[n] - r.cases for n, r in totals.items() if r.cases < share[n]}:
        plan = [(name, count, number) for name, count in left.items()]
        (output / PLAN).write_bytes(pickle.dumps(plan))
        status = subprocess.run([sys.executable, __file__, '--worker', '--output', str(output)],
                                env=environment(), timeout=TIME_S).returncode
        found = sum(take_result(totals[name], output) for name in left)
        if status:
            take_crash(totals, status, output)
        elif not found:
            raise SystemExit('the worker did nothing')
        number += 1000
    for name in (PLAN, CURRENT):
        (output / name).unlink(missing_ok=True)
    return list(totals.values())


def environment() -> dict[str, str]:
    """Return the environment for a worker: one thread, so that CPU time is that of the case."""
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}


def work(output: Path) -> int:
    """Run the cases of the plan in this process and write a report for each target."""
    from fuzz.harness import fuzz, limit_memory
    from fuzz.targets import TARGETS

    targets = {target.name: target for target in TARGETS}
    limit_memory(MEMORY)
    for name, cases, number in pickle.loads((output / PLAN).read_bytes()):
        stem = output / file_stem(name)
        said = os.open(f'{stem}.stderr', os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(said, 2)
        with tempfile.TemporaryDirectory() as folder:
            report = fuzz(targets[name], cases, number, Path(folder), output / CURRENT)
        report.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        stem.with_name(f'{stem.name}.result').write_bytes(pickle.dumps(report))
        print(table([report]).splitlines()[-1], flush=True)
    return 0


def take_result(total, output: Path) -> bool:
    """Add the report of a worker to a total; return whether there is one."""
    stem = file_stem(total.target)
    result, said = output / f'{stem}.result', output / f'{stem}.stderr'
    if not result.exists():
        return False
    report = pickle.loads(result.read_bytes())
    result.unlink()
    total.outcomes.update(report.outcomes)
    total.findings.update(report.findings)
    total.slowest_s = max(total.slowest_s, report.slowest_s)
    total.peak_mib = max(getattr(total, 'peak_mib', 0), report.peak_mib)
    if text := said.read_text(errors='replace'):
        total.findings['stderr', 'process'] = Finding(total.target, 'stderr', 'process',
                                                      text[-2000:], None)
    said.unlink()
    return True


def take_crash(totals: dict, status: int, output: Path) -> None:
    """Make a finding of the case at which a worker ended."""
    name, case = pickle.loads((output / CURRENT).read_bytes())
    totals[name].add(f'crash {status}', 'process', '', case)


def file_stem(name: str) -> str:
    """Return a name for files."""
    return re.sub(r'\W+', '_', name).strip('_')


def table(reports: list) -> str:
    """Return the reports as a Markdown table."""
    lines = ['| Reader | Cases | Accepted | Refused, by name | Findings | Slowest (CPU) '
             '| Memory |', '|---|---:|---:|---|---:|---:|---:|']
    for report in reports:
        counts = dict(report.outcomes.most_common())
        accepted, found = counts.pop('accepted', 0), counts.pop('FINDING', 0)
        refused = ', '.join(f'{kind} {count}' for kind, count in counts.items())
        lines.append(f'| {report.target} | {report.cases} | {accepted} | {refused} | {found} '
                     f'| {report.slowest_s:.2f} s | {getattr(report, "peak_mib", 0)} MiB |')
    if len(reports) > 1:
        lines.append(f'| all | {sum(r.cases for r in reports)} | | | '
                     f'{sum(r.outcomes["FINDING"] for r in reports)} | | |')
    return '\n'.join(lines) + '\n'


def write_findings(output: Path, reports: list) -> None:
    """Write each finding with its case."""
    for report in reports:
        for number, finding in enumerate(report.findings.values()):
            stem = f'{file_stem(report.target)}_{number}'
            (output / f'{stem}.txt').write_text(
                f'{finding.what} at {finding.where}, {finding.count} times\n{finding.text}\n'
                f'{finding.case!r:.2000}\n', errors='backslashreplace')
            (output / f'{stem}.pickle').write_bytes(pickle.dumps(finding.case))


if __name__ == '__main__':
    sys.exit(main())
