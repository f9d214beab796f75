# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The description in a checkpoint, checked before anything is built from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from ..networks import NETWORKS, TASKS
from .clustering_methods import METHODS

FORMAT = 'instance_seg_ros/1'
"""Of a checkpoint's description; the number changes when older versions cannot read it."""
MAX_DIMS = 64
_MAX_SIDE = 1 << 14


def check_format(path: Path, found: object) -> None:
    """Raise UserError for weights made elsewhere, and for other versions of the format."""
    if found == FORMAT:
        return
    name, _, version = str(found).partition('/')
    if name != FORMAT.partition('/')[0] or not version.isdecimal() or len(version) > 4:
        raise UserError(f'{path} contains tensors but no {FORMAT} description; use '
                        '`instance_seg import-weights` for weights made elsewhere.')
    age, remedy = (('newer', 'update instance_seg_ros')
                   if int(version) > int(FORMAT.partition('/')[2])
                   else ('older', 'save it again with a version that reads both'))
    raise UserError(f'{path} has checkpoint format {found}, {age} than {FORMAT}, which this '
                    f'version reads; {remedy}.')


def check_facts(facts: Mapping[str, Any]) -> None:
    """Check the plain facts of a checkpoint.

    Raises:
        ValueError: naming the fact that is damaged, and its value.
    """
    checks = {
        'network': lambda v: isinstance(v, str) and v in NETWORKS,
        'task': lambda v: isinstance(v, str) and v in TASKS,
        'options': lambda v: isinstance(v, dict),
        'embedding_dims': lambda v: type(v) is int and 1 <= v <= MAX_DIMS,
        'input_size': _is_input_size,
        'method': lambda v: isinstance(v, str) and v in METHODS,
        'bandwidth': _is_bandwidth,
        'class_groups': are_groups,
        'confidence': _is_confidence,
        'mean': lambda v: len(v) == 3 and all(map(_is_finite, v)),
        'std': lambda v: len(v) == 3 and all(_is_finite(x) and x > 0 for x in v),
        'provenance': lambda v: isinstance(v, dict),
        'scores': lambda v: isinstance(v, dict),
    }
    for name, is_valid in checks.items():
        if not is_valid(facts[name]):
            raise ValueError(f'{name} cannot be {str(facts[name])[:60]}')


def _is_input_size(value: Any) -> bool:
    """Return whether a value is (width, height); width 0 follows the image."""
    integers = len(value) == 2 and all(type(side) is int for side in value)
    return integers and 0 <= value[0] <= _MAX_SIDE and 1 <= value[1] <= _MAX_SIDE


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_bandwidth(value: Any) -> bool:
    values = value.values() if isinstance(value, dict) else [value]
    return all(_is_finite(number) and number > 0 for number in values)


def are_groups(value: Any) -> bool:
    """Return whether a value is a list of lists of names, none of them twice."""
    lists = isinstance(value, (list, tuple)) and all(
        isinstance(group, (list, tuple)) for group in value)
    names = [name for group in value for name in group] if lists else [None]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _is_confidence(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(weights, (list, tuple)) and all(map(_is_finite, weights))
        for weights in value.values())
