# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Search for the modes of points by mean shift of fixed shapes, for a whole batch at once."""

import torch
from torch import Tensor

from .even_sampling import take_evenly, take_rows


class ModeSearch:
    """Find modes with a flat kernel of radius 1, from evenly spread seeds.

    Args:
        max_clusters: M, most modes of an image.
        seeds, rounds: how many points start at once, and how often the rest is seeded again.
        first_shifts, shifts: how often they move in the first round and in the others; in the
            first one they have large objects to cross.
    """

    passes = 5   # of non-maximum suppression; an odd number never keeps both of two neighbours

    def __init__(self, max_clusters: int, seeds: int, rounds: int, first_shifts: int, shifts: int):
        """Keep the sizes."""
        self.max_clusters, self.seeds, self.rounds = max_clusters, seeds, rounds
        self.first_shifts, self.shifts = first_shifts, shifts

    def __call__(self, points: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Find the modes of points (N, S, E), of which some are real.

        Returns:
            modes (N, M, E); which are real (N, M); number of real points that no mode has claimed
            (N); number of points near the largest mode for which there was no column (N).
        """
        modes, support, free = [], [], real
        for k in range(self.rounds):
            seeds, alive = take_evenly(points, free, self.seeds)              # (N, K, E)
            shifted = shift(seeds, points, free, self.shifts if k else self.first_shifts)
            near = within(shifted, points) & real.unsqueeze(1) & alive.unsqueeze(2)
            near &= strongest(shifted, near.sum(2), self.passes).unsqueeze(2)  # (N, K, S)
            # The rest of what an earlier round has taken is a fringe, no object of its own.
            own, all_near = (near & free.unsqueeze(1)).sum(2), near.sum(2)
            modes.append(shifted)
            support.append(torch.where(2 * own > all_near, all_near, 0))
            free = free & ~near.any(1)
        modes, support = torch.cat(modes, 1), torch.cat(support, 1)             # (N, R K, E)
        order = torch.argsort(support, dim=1, descending=True, stable=True)
        support, first = take_rows(support, order), order[:, :self.max_clusters]
        omitted = support[:, self.max_clusters:self.max_clusters + 1].sum(1)
        return (take_rows(modes, first), support[:, :self.max_clusters] > 0, free.sum(1), omitted)


def shift(modes: Tensor, points: Tensor, free: Tensor, times: int) -> Tensor:
    """Move modes (N, K, E) to the mean of the free points around them, so many times."""
    counted = torch.cat([points, torch.ones_like(points[..., :1])], 2)      # (N, S, E + 1)
    for _ in range(times):
        weight = (within(modes, points) & free.unsqueeze(1)).to(points.dtype)
        total = weight @ counted                                            # (N, K, E + 1)
        count = total[..., -1:]
        modes = torch.where(count > 0, total[..., :-1] / count.clamp_min(1), modes)
    return modes


def within(a: Tensor, b: Tensor) -> Tensor:
    """Return which pairs are within a bandwidth (1 here): bool (N, A, B)."""
    limit = (1 - a.square().sum(2)).unsqueeze(2)
    bias = b.square().sum(2).unsqueeze(1)
    return torch.baddbmm(bias, a, b.transpose(1, 2), alpha=-2) <= limit


def strongest(modes: Tensor, count: Tensor, passes: int) -> Tensor:
    """Choose modes, most populous first, none within reach of a chosen one: bool (N, K)."""
    order = torch.argsort(count, dim=1, descending=True, stable=True)
    ordered = take_rows(modes, order)
    stronger = within(ordered, ordered).tril(-1)
    keep = torch.ones_like(order, dtype=torch.bool)
    for _ in range(passes):
        keep = ~(stronger & keep.unsqueeze(1)).any(2)
    return torch.zeros_like(keep).scatter(1, order, keep)
