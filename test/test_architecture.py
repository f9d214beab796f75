# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The map of the package: imports run one way."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ROOT

PACKAGE = ROOT / 'instance_seg_ros'
FLOORS = (
    'core', 'bags', 'networks', 'inference', 'perception', 'monitoring', 'io', 'node_config',
    'messages', 'visualization', 'arguments', 'offline', 'review', 'datasets', 'training',
    'evaluation', 'ros', 'ros/tools', 'benchmark', 'benchmark/ros', 'commands', 'cli')
"""Lowest first; each imports only from itself and from floors before it (docs/architecture.md)."""
ROW = re.compile(r'^\| `([a-z_/]+)` \|', re.MULTILINE)
MODULES = sorted(PACKAGE.rglob('*.py'))


def floor_of(parts: tuple[str, ...]) -> str:
    two = '/'.join(parts[:2])
    return two if two in FLOORS else parts[0] if parts else ''


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield every module that a file imports, absolute, as its parts."""
    here = path.relative_to(PACKAGE).with_suffix('').parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split('.')) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[:len(here) + 1 - node.level] if node.level else ()
            module = base + tuple((node.module or '').split('.') if node.module else ())
            prefix = (PACKAGE.name,) if node.level else ()
            yield from (prefix + module + (alias.name,) for alias in node.names)


@pytest.mark.parametrize('path', MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    own = floor_of(path.relative_to(PACKAGE).with_suffix('').parts)
    if own == '__init__':       # the public names, imported when they are used
        return
    below = FLOORS[:FLOORS.index(own) + 1]
    targets = {floor_of(parts[1:]) for parts in imports(path) if parts[0] == PACKAGE.name}
    assert targets <= {*below, '__version__'}, f'{own} must not import {targets - set(below)}'


def test_page_lists_the_floors_in_order():
    text = (ROOT / 'docs' / 'architecture.md').read_text()
    rooms = text[text.index('## Rooms'):].split('\n## ')[0]
    assert tuple(ROW.findall(rooms)) == FLOORS
