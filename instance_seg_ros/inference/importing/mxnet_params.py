# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reader of MXNet's .params container; MXNet itself is not needed.

Little-endian: two 64-bit words (magic, reserved), a 64-bit count, the arrays, a 64-bit count,
the names (64-bit length and bytes each). An array is a 32-bit magic number of its version,
from version 2 on a 32-bit storage type, its shape (32-bit rank, then sizes), device type and
index, element type (32 bits each), and its elements. The oldest files have the rank in place of
the magic, and 32-bit sizes.
"""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path

import numpy as np

from ...core.errors import UserError

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DTYPES = {0: 'f4', 1: 'f8', 2: 'f2', 3: 'u1', 4: 'i4', 5: 'i1', 6: 'i8', 7: '?'}
_MAX_RANK = 32


class _Cursor:
    """Walks through the bytes; an end that comes too early is a ValueError."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, size: int) -> memoryview:
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError('it ends in the middle')
        self.at += size
        return memoryview(self.data)[self.at - size:self.at]

    def numbers(self, code: str, count: int = 1) -> tuple[int, ...]:
        layout = struct.Struct(f'<{count}{code}')
        return layout.unpack(self.take(layout.size))

    def number(self, code: str) -> int:
        return self.numbers(code)[0]


def read_params(path: Path | str) -> dict[str, np.ndarray]:
    """Return the arrays by name, prefixes (`arg:`, `aux:`) included.

    Arrays without a value are left out. Raises UserError when the file is no such container or
    is damaged.
    """
    cursor = _Cursor(Path(path).read_bytes())
    try:
        if cursor.numbers('Q', 2)[0] != LIST_MAGIC:
            raise ValueError('it does not begin as one')
        arrays = [_array(cursor) for _ in range(cursor.number('Q'))]
        names = [bytes(cursor.take(cursor.number('Q'))).decode()
                 for _ in range(cursor.number('Q'))]
        if len(names) != len(arrays):
            raise ValueError(f'it has {len(arrays)} arrays and {len(names)} names')
    except ValueError as error:
        raise UserError(f'{path} is not a whole MXNet .params file: {error}.') from error
    return {name: a for name, a in zip(names, arrays, strict=True) if a is not None}


def _array(cursor: _Cursor) -> np.ndarray | None:
    shape = _shape(cursor)
    if shape is None:
        return None
    cursor.numbers('i', 2)   # the device it was on
    kind = cursor.number('i')
    if kind not in DTYPES:
        raise ValueError(f'element type {kind} is unknown')
    dtype = np.dtype(DTYPES[kind]).newbyteorder('<')
    return np.frombuffer(cursor.take(dtype.itemsize * prod(shape)), dtype).reshape(shape)


def _shape(cursor: _Cursor) -> tuple[int, ...] | None:
    """Return the shape of the next array, None when it has no value."""
    magic = cursor.number('I')
    if magic in (V2, V3) and cursor.number('i') != 0:
        raise ValueError('it has sparse arrays')
    versioned = magic in (V1, V2, V3)
    rank = cursor.number('i') if versioned else magic
    if rank == (-1 if magic == V3 else 0):
        return None
    if not 0 <= rank <= _MAX_RANK:
        raise ValueError(f'an array has {rank} dimensions')
    shape = cursor.numbers('q' if versioned else 'I', rank)
    if min(shape, default=0) < 0:
        raise ValueError(f'an array has the shape {shape}')
    return shape
