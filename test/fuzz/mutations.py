# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Damage: of bytes, and of plain data such as the content of a YAML or JSON file."""

from __future__ import annotations

import copy
import random
from typing import Any

from hypothesis import strategies as st

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 30000, 1 << 24, 0x7FFFFFFF, 0xFFFFFFFF)


def damaged(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Return a file with one to four changes; `others` are files to take parts of."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        rng.choice(_CHANGES)(content, rng, others)
    return bytes(content)


def _flip_bit(content: bytearray, rng: random.Random, _) -> None:
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _set_number(content: bytearray, rng: random.Random, _) -> None:
    size, order = rng.choice((1, 2, 4, 8)), rng.choice(('big', 'little'))
    place = rng.randrange(max(1, len(content)))
    number = rng.choice(_NUMBERS) % (1 << 8 * size)
    content[place:place + size] = number.to_bytes(size, order)


def _cut_end(content: bytearray, rng: random.Random, _) -> None:
    del content[rng.randrange(len(content) + 1):]


def _remove(content: bytearray, rng: random.Random, _) -> None:
    place = rng.randrange(len(content) + 1)
    del content[place:place + rng.choice((1, 2, 4, 16, 100))]


def _insert(content: bytearray, rng: random.Random, _) -> None:
    place = rng.randrange(len(content) + 1)
    content[place:place] = rng.randbytes(rng.choice((1, 4, 30)))


def _repeat(content: bytearray, rng: random.Random, _) -> None:
    place = rng.randrange(len(content) + 1)
    content[place:place] = content[place:place + rng.choice((4, 40, 400))]


def _take_over(content: bytearray, rng: random.Random, others: list[bytes]) -> None:
    other = rng.choice(others)
    place = rng.randrange(min(len(content), len(other)) + 1)
    content[place:] = other[place:]


def _zero(content: bytearray, rng: random.Random, _) -> None:
    place, size = rng.randrange(len(content) + 1), rng.choice((4, 16, 64))
    size = min(size, len(content) - place)
    content[place:place + size] = bytes(size)


_CHANGES = (_flip_bit, _flip_bit, _set_number, _set_number, _cut_end, _remove, _insert, _repeat,
            _take_over, _zero)


def odd_values() -> st.SearchStrategy[Any]:
    """Draw what may stand in a configuration in place of something sensible."""
    scalars = st.one_of(
        st.none(), st.booleans(), st.floats(), st.integers(-2, 3), st.text(max_size=8),
        st.sampled_from([1e308, -1e-320, 2**63, -2**70, 10**400, 'a' * 5000, '../../etc/passwd',
                         '\0', 'nan', '1e999', '<script>', '\ud800', '/', '~', '*']))
    return st.recursive(scalars, lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
        max_leaves=6)


@st.composite
def altered(draw: st.DrawFn, content: Any) -> Any:
    """Return plain data of which one to three nodes are replaced, removed or added."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        parent, key = draw(st.sampled_from(list(_places(content)) or [(None, None)]))
        if parent is None:
            return draw(odd_values())
        change = draw(st.sampled_from(('replace', 'replace', 'remove', 'repeat')))
        if change == 'remove':
            del parent[key]
        elif change == 'repeat' and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            parent[key] = draw(odd_values())
    return content


def _places(content: Any):
    """Yield (container, key) of each node."""
    items = (content.items() if isinstance(content, dict)
             else enumerate(content) if isinstance(content, list) else ())
    for key, value in list(items):
        yield content, key
        yield from _places(value)
