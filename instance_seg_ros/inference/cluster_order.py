# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The order of clusters in their columns, for a batch without host synchronisation."""

import torch
from torch import Tensor
from torch.nn import functional as F


def order_clusters(rank: Tensor, found: Tensor, area: Tensor) -> tuple[Tensor, Tensor]:
    """Sort clusters by class, then by falling area; those in use first.

    Args:
        rank: integer (N, M), position of a cluster's class among the thing classes.
        found: bool (N, M), whether a column is in use.
        area: integer (N, M), pixels.

    Returns:
        The order int64 (N, M), and the number of each slot int64 (N, M + 1), 0 = none.
    """
    key = rank.double() * 2. ** 32 - area.double()
    order = torch.argsort(key.masked_fill(~found, torch.inf), dim=1, stable=True)
    counted = torch.arange(1, order.shape[1] + 1, device=order.device)
    number = torch.zeros_like(order).scatter(1, order, counted.expand_as(order))
    return order, F.pad(number.masked_fill(~found, 0), (0, 1))
