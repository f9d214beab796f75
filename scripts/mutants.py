#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Change one operator or number at a time and see whether the tests notice.

    python3 scripts/mutants.py --sample 10

For each part (loss, clustering, tracking, accounting) a sample of mutants is drawn; each is
written into a copy of the checkout, and the tests of that part run until the first failure. Prints
a table and the mutants that survived, which are to be judged one by one: some change nothing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = 'instance_seg_ros'
PARTS = {
    'loss': (['training/discriminative_loss.py'], ['test/training/test_discriminative_loss.py']),
    'clustering': (['inference/mean_shift.py', 'inference/clusters.py'],
                   ['test/inference/test_mean_shift.py', 'test/inference/test_clusters.py']),
    'tracking': (['perception/tracking/affinity.py', 'perception/tracking/tracker.py',
                  'perception/tracking/tracks.py'], ['test/perception/tracking']),
    'accounting': (['monitoring/frame_ledger.py', 'monitoring/rates.py'], ['test/monitoring']),
}
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
         ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
         ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.Is: ast.IsNot,
         ast.IsNot: ast.Is}
TIME_S = 1800


def main() -> int:
    """Run the sample; return 0, or 2 where the tests fail without a mutant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sample', type=int, default=10, help='mutants of each part; 0: all')
    parser.add_argument('--part', action='append', choices=PARTS)
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    rng, survivors = random.Random(args.seed), []
    print('| Part | Mutants | Tested | Killed |\n|---|---:|---:|---:|', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        copied = copy_checkout(Path(folder))
        for name in args.part or PARTS:
            files, tests = PARTS[name]
            if not passes(copied, tests):
                print(f'{name}: the tests fail without a mutant', file=sys.stderr)
                return 2
            mutants = [m for file in files for m in mutants_of(file)]
            chosen = rng.sample(mutants, min(args.sample or len(mutants), len(mutants)))
            left = [what for what in chosen if survives(copied, what, tests)]
            survivors += left
            print(f'| {name} | {len(mutants)} | {len(chosen)} | {len(chosen) - len(left)} |',
                  flush=True)
    for file, number, _ in survivors:
        print(f'survived: {description(file, number)}')
    return 0


def copy_checkout(folder: Path) -> Path:
    """Copy what the tests need."""
    for name in (PACKAGE, 'test', 'config'):
        shutil.copytree(ROOT / name, folder / name)
    for name in ('pyproject.toml', 'setup.py', 'package.xml', 'README.md'):
        shutil.copy(ROOT / name, folder)
    return folder


def mutants_of(file: str) -> list[tuple[str, int, str]]:
    """Return (file, number, source) of each mutant of a file."""
    tree = ast.parse((ROOT / PACKAGE / file).read_text())
    count = sum(1 for _ in places(tree))
    return [(file, number, ast.unparse(mutated(tree, number)[0])) for number in range(count)]


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield (node, field, index) of everything that is changed."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAPS:
            yield node, 'op', None
        elif isinstance(node, ast.Compare):
            yield from ((node, 'ops', k) for k, op in enumerate(node.ops) if type(op) in SWAPS)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            yield node, 'value', None


def mutated(tree: ast.Module, number: int) -> tuple[ast.Module, int, str]:
    """Return a copy with one change, its line, and what it was and is."""
    tree = copy.deepcopy(tree)
    node, field, index = list(places(tree))[number]
    before = ast.unparse(node)
    if field == 'value':
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif index is None:
        node.op = SWAPS[type(node.op)]()
    else:
        node.ops[index] = SWAPS[type(node.ops[index])]()
    return tree, node.lineno, f'{before} -> {ast.unparse(node)}'


def description(file: str, number: int) -> str:
    """Return the place and the change of a mutant."""
    tree = ast.parse((ROOT / PACKAGE / file).read_text())
    _, line, change = mutated(tree, number)
    return f'{file}:{line}: {change}'


def survives(folder: Path, mutant: tuple[str, int, str], tests: list[str]) -> bool:
    """Run the tests with a mutant; return whether they pass."""
    file, _, source = mutant
    path = folder / PACKAGE / file
    original = path.read_text()
    try:
        path.write_text(source)
        return passes(folder, tests)
    finally:
        path.write_text(original)


def passes(folder: Path, tests: list[str]) -> bool:
    """Return whether tests pass in a copy of the checkout."""
    environment = {**os.environ, 'PYTHONPATH': str(folder), 'OMP_NUM_THREADS': '1',
                   'PYTHONDONTWRITEBYTECODE': '1'}
    try:
        return subprocess.run(
            [sys.executable, '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', '-m',
             'not slow', *tests], cwd=folder, env=environment, capture_output=True,
            timeout=TIME_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False        # a loop without an end is noticed


if __name__ == '__main__':
    sys.exit(main())
