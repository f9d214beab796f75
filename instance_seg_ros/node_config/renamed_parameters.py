# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters that have been renamed: the old name works for one minor version, with a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

RENAMED: dict[str, str] = {}
"""New name by old name, both without the name of a camera; listed in CHANGELOG.rst."""

T = TypeVar('T')


def with_new_names(given: Mapping[str, T], warn: Callable[[str], None]) -> dict[str, T]:
    """Return parameters under their present names.

    Args:
        given: values by name, those of a camera as <camera>.<parameter>. A value that is given
            under the new name as well wins.
        warn: called with a sentence for each old name.
    """
    values = dict(given)
    for name in given:
        camera, dot, parameter = name.rpartition('.')
        if parameter not in RENAMED:
            continue
        new = f'{camera}{dot}{RENAMED[parameter]}'
        warn(f'parameter {name} is called {new} now; the old name will be removed in the next '
             'minor version')
        values.setdefault(new, values[name])
        del values[name]
    return values
