# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evenly spread selections of fixed size, for a batch without host synchronisation."""

import torch
from torch import Tensor


def take_evenly(points: Tensor, chosen: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Take `count` of the chosen points, evenly over their order: (N, count, E), which are real.

    points (N, P, E), chosen bool (N, P). Where fewer are chosen, the last ones are not real.
    """
    index, total = even_indices(chosen, count)
    return take_rows(points, index), torch.arange(count, device=points.device) < total


def even_indices(chosen: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the indices (N, count) of chosen elements, bool (N, P), and their number (N, 1)."""
    # One scan over all images: rows of a scan would each occupy a single block of a GPU.
    counted = chosen.flatten().cumsum(0, dtype=torch.int32).view(chosen.shape)
    before = counted[:, -1:].roll(1, 0)
    before[:1].zero_()
    counted = counted - before
    total, place = counted[:, -1:], torch.arange(count, device=chosen.device)
    wanted = torch.where(total > count, place * (total.long() - 1) // max(count - 1, 1), place)
    index = torch.searchsorted(counted, (wanted + 1).int())
    return index.clamp_max(chosen.shape[1] - 1), total


def take_rows(table: Tensor, index: Tensor) -> Tensor:
    """Take rows `index` (N, K) of each table (N, P, ...)."""
    if table.ndim == 2:
        return table.gather(1, index)
    return table.gather(1, index.unsqueeze(2).expand(-1, -1, table.shape[2]))
