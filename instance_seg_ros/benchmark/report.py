# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Results of a benchmark: a table to read, JSON for comparisons."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

import torch

from ..core.errors import UserError

PACKAGES = ('torch', 'numpy', 'opencv-python-headless', 'scikit-learn', 'onnxruntime',
            'openvino', 'ultralytics')


@dataclass
class Report:
    """Rows of one benchmark.

    Attributes:
        keys: the columns that identify a row; every other column is a measurement (a number, or
            None where there is none).
        settings: what the run was asked for.
        notes: sentences.
    """

    benchmark: str
    keys: tuple[str, ...]
    rows: list[dict]
    settings: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    machine: dict = field(default_factory=lambda: describe_machine())
    versions: dict = field(default_factory=lambda: describe_versions())

    def text(self) -> str:
        """Return machine, table and notes for a terminal."""
        where = ', '.join(f'{v}' for v in self.machine.values())
        return '\n'.join([f'{self.benchmark}: {where}', '', table(self.rows), '',
                          *(f'- {note}' for note in self.notes)]).rstrip()

    def save(self, path: Path | str):
        """Write everything as JSON."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, default=str) + '\n')

    @classmethod
    def load(cls, path: Path | str) -> Report:
        """Read what `save` wrote, or raise a UserError."""
        try:
            facts = json.loads(Path(path).read_text())
            return cls(**{**facts, 'keys': tuple(facts['keys'])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f'{path} is not a report of `instance_seg benchmark --json`: '
                            f'{error}.') from error


def describe_machine() -> dict:
    """Return processor, its cores, the threads PyTorch uses, and the CUDA device."""
    facts = {'processor': _processor(), 'cores': f'{os.cpu_count()} cores',
             'threads': f'{torch.get_num_threads()} threads', 'system': platform.platform()}
    if torch.cuda.is_available():
        facts['gpu'] = torch.cuda.get_device_name()
    return facts


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()


def describe_versions() -> dict:
    """Return the versions of Python and of the packages that do the work."""
    versions = {'python': platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def table(rows: list[dict]) -> str:
    """Lay rows out in columns: words to the left, numbers to the right."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names] + [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    words = [any(isinstance(row.get(name), str) for row in rows) for name in names]
    return '\n'.join('  '.join(cell.ljust(w) if left else cell.rjust(w) for cell, w, left in
                               zip(line, widths, words, strict=True)).rstrip() for line in cells)


def _cell(value) -> str:
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.0f}' if abs(value) >= 1000 else f'{value:.3g}'
    return str(value)


def compare(a: Report, b: Report) -> Report:
    """Return the measurements of `b` over those of `a`, row by row: 0.5 is half of it."""
    if a.benchmark != b.benchmark:
        raise UserError(f'The reports are of different benchmarks: {a.benchmark} and '
                        f'{b.benchmark}.')
    before = {_key(a, row): row for row in a.rows}
    rows = [_ratios(a.keys, before[_key(b, row)], row) for row in b.rows
            if _key(b, row) in before]
    notes = [f'{name} differ: {getattr(a, name)} and {getattr(b, name)}'
             for name in ('machine', 'versions', 'settings')
             if getattr(a, name) != getattr(b, name)]
    alone = len(a.rows) + len(b.rows) - 2 * len(rows)
    if alone:
        notes.append(f'{alone} rows are in one report only.')
    return Report(f'{a.benchmark}, second over first', a.keys, rows, notes=notes,
                  machine=b.machine, versions=b.versions)


def _key(report: Report, row: dict) -> tuple:
    return tuple(row.get(name) for name in report.keys)


def _ratios(keys: tuple[str, ...], before: dict, after: dict) -> dict:
    ratios = {}
    for name, value in after.items():
        if name in keys:
            ratios[name] = value
        elif _is_number(value) and _is_number(before.get(name)) and before[name]:
            ratios[name] = float(value / before[name])
    return ratios


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
