# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Docstrings describe arguments and attributes in sections, not in running text."""
import ast
import re

import pytest
from checkout import ROOT

PACKAGE = ROOT / 'instance_seg_ros'
MODULES = sorted(PACKAGE.rglob('*.py'))
SECTION = re.compile(r'^(Args|Attributes|Example|Raises|Returns|Yields):$')
FIELD = re.compile(r'^[a-z_]\w*(, [a-z_]\w*)*: |(?<=\. )[a-z_]\w*: ')


def fields_in_running_text(docstring):
    """Yield lines such as 'size: (width, height)' outside a section."""
    inside = False
    for line in docstring.splitlines()[1:]:
        inside = bool(SECTION.match(line)) or (inside and (line.startswith('    ') or not line))
        if not inside and FIELD.search(line):
            yield line


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_fields_are_in_sections(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found = list(fields_in_running_text(ast.get_docstring(node) or ''))
            assert not found, (node.name, found)


def test_the_form_is_recognised():
    assert list(fields_in_running_text('Do it.\n\nsize: (width, height).'))
    assert not list(fields_in_running_text('Do it.\n\nArgs:\n    size: (width, height).'))
