# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure speed and memory against a baseline, and compare two such measurements."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ..arguments import result_file
from ..benchmark import BENCHMARKS, load_benchmark
from ..benchmark.report import Report, compare
from .parser import Parser

NAMES = {**BENCHMARKS, 'compare': 'ratios of two JSON reports of the same benchmark'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments; a benchmark's own are declared when it is chosen."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    names = '\n'.join(f'  {name:12}{text}' for name, text in NAMES.items())
    parser.epilog = f'{names}\n\n{parser.epilog or ""}'
    parser.add_argument('name', choices=NAMES, metavar='NAME', help='one of the benchmarks below')
    parser.add_argument('arguments', nargs=argparse.REMAINDER,
                        help='of the benchmark; see NAME --help')


def run(args: argparse.Namespace) -> None:
    """Run one benchmark, print its table and write its JSON."""
    parser = Parser(prog=f'instance_seg benchmark {args.name}', description=NAMES[args.name])
    measure = _compare if args.name == 'compare' else _benchmark(args.name, parser)
    if args.name == 'compare':
        parser.add_argument('first', type=Path)
        parser.add_argument('second', type=Path)
    parser.add_argument('--json', type=result_file, metavar='FILE',
                        help='write the report as JSON')
    options = parser.parse_args(args.arguments)
    report = measure(options)
    print(report.text())
    if options.json:
        report.save(options.json)


def _benchmark(name: str, parser: argparse.ArgumentParser) -> Callable[..., Report]:
    module = load_benchmark(name)
    module.add_arguments(parser)
    return module.run


def _compare(options: argparse.Namespace) -> Report:
    return compare(Report.load(options.first), Report.load(options.second))
