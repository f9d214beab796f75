# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sums over the pixels of each cluster, for a batch, without host synchronisation.

All sums are of integers, so that the order in which a GPU adds does not change a bit. Each
image column has bins of its own: neighbouring threads then add to different addresses.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

FIXED_POINT = 1 << 14
"""Distances and probabilities are summed as multiples of 1 / FIXED_POINT; int32 has room for the
rows of the largest input size."""


class ClusterSums(NamedTuple):
    """Sums over the pixels of each of M slots.

    Attributes:
        area: int64 (N, M), number of pixels.
        sides: int64 (N, M), number of pixel sides that face another slot or the border.
        distance: float32 (N, M), mean.
        probability: float32 (N, M), mean.
        rows: int32 (N, M, H), axis profile as in `mask_geometry`.
        columns: int32 (N, M, W), axis profile as in `mask_geometry`.
    """

    area: Tensor
    sides: Tensor
    distance: Tensor
    probability: Tensor
    rows: Tensor
    columns: Tensor


def sum_clusters(slot: Tensor, slots: int, distance: Tensor, probability: Tensor,
                 of_row: Tensor, of_column: Tensor) -> ClusterSums:
    """Sum over the pixels of each slot.

    Args:
        slot: int16 (N, H, W), slot of each pixel, `slots` = none.
        slots: M.
        distance, probability: float32 (N, H, W), each at most 2.
        of_row, of_column: int32 (N, H) and (N, W), how often the image copies each row and column.
    """
    by_column = _Bins(slot, slots)
    area = by_column.add(torch.ones_like(slot, dtype=torch.int32)).sum(1)          # (N, M)
    sides = by_column.add(count_sides(slot)).sum(1)
    distance, probability = (by_column.add(_fixed(x)).sum(1) / (FIXED_POINT * area.clamp_min(1))
                             for x in (distance, probability))
    columns = by_column.add(of_row.unsqueeze(2).expand(slot.shape))                # (N, W, M)
    del by_column
    turned = slot.transpose(1, 2)                                                  # (N, W, H)
    rows = _Bins(turned, slots).add(of_column.unsqueeze(2).expand(turned.shape))   # (N, H, M)
    return ClusterSums(area, sides, distance, probability,
                       rows.transpose(1, 2), columns.transpose(1, 2))


def mean_by_slot(slot: Tensor, slots: int, values: Tensor) -> Tensor:
    """Return the mean over the pixels of each slot.

    Args:
        slot: int16 (N, H, W), `slots` = none.
        slots: M, the number of slots.
        values: float32 (N, H, W), at most 2.

    Returns:
        float32 (N, M); 0 for empty slots.
    """
    by_column = _Bins(slot, slots)
    area = by_column.add(torch.ones_like(slot, dtype=torch.int32)).sum(1)
    return by_column.add(_fixed(values)).sum(1) / (FIXED_POINT * area.clamp_min(1))


class _Bins:
    """Adds values of pixels up by slot and image column."""

    def __init__(self, slot: Tensor, slots: int):
        """slot: integer (N, H, W)."""
        count, _, width = slot.shape
        self._shape = count, width, slots + 1
        column = torch.arange(count * width, device=slot.device).view(count, 1, width)
        self._index = slot.long().add_(column * (slots + 1)).flatten()             # (N H W,)

    def add(self, values: Tensor) -> Tensor:
        """Return the sums of values, integer (N, H, W), int32 (N, W, M)."""
        count, width, bins = self._shape
        sums = torch.zeros(count * width * bins, dtype=torch.int32, device=values.device)
        sums.scatter_add_(0, self._index, values.int().flatten())
        return sums.view(self._shape)[..., :-1]


def count_sides(slot: Tensor) -> Tensor:
    """Count the sides of each pixel that face another slot or the border: int8 (N, H, W)."""
    padded = F.pad(slot, (1, 1, 1, 1), value=-1)
    height, width = slot.shape[1:]
    around = ((0, 1), (2, 1), (1, 0), (1, 2))
    return sum((padded[:, y:y + height, x:x + width] != slot).to(torch.int8) for y, x in around)


def _fixed(values: Tensor) -> Tensor:
    return (values * FIXED_POINT).round_().int()
