# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Row bands of an image: large intermediate results in small pieces."""

from collections.abc import Iterator

BAND_BYTES = 16_000_000
"""Intermediate results of one band of one image, at most; within a GPU's second-level cache."""


def row_bands(height: int, width: int, bytes_per_pixel: int) -> Iterator[slice]:
    """Yield slices of rows whose intermediate results take `BAND_BYTES` at most, or of one row.

    The bands depend on shapes alone, so captured work may iterate over them.
    """
    step = max(1, BAND_BYTES // (width * bytes_per_pixel))
    for first in range(0, height, step):
        yield slice(first, min(first + step, height))
