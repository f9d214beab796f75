# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From pixel embeddings to instance numbers: mean shift within each class.

The paper's procedure (section 2) takes one random unclustered pixel after the other. Here many
seeds shift at once over a sample of the pixels, and whatever they leave unclustered is seeded
again in the next round, so that small objects beside large ones get their turn.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

MAX_INSTANCES = 1000
"""Most instances of one class in one image: the numbers 0 to 999 of an instance id."""


@dataclass(frozen=True)
class Clusters:
    """What one image's pixels were clustered into, M clusters in all.

    number: int32 (H, W), 0 = in no cluster, else 1 + the cluster's place in the lists below.
    class_index: int64 (M,), ascending; within a class by descending area.
    area: int64 (M,), pixels.
    spread: float32 (M,), mean distance of a cluster's pixels to its mode, in bandwidths (0 to 1).
    margin: float32 (M,), distance to the nearest mode of the same class in bandwidths, at most 3
        (3 where the cluster is alone).
    invalid: number of pixels of countable classes whose embedding is not finite.
    """

    number: Tensor
    class_index: Tensor
    area: Tensor
    spread: Tensor
    margin: Tensor
    invalid: int


class MeanShift:
    """Mean shift with a flat kernel, per class; deterministic.

    bandwidth: radius of the kernel and of a cluster around its mode, in embedding units. The
        paper names delta_v = 0.5, which holds around any pixel only when the loss is zero.
        Around a mode, anything from delta_v to 2 delta_d - delta_v separates perfectly; the
        authors' release uses 1.5, the default here.
    min_area: clusters of fewer pixels are dropped (their pixels belong to no instance).
    sample: modes are sought among the pixels on every row and column, or every 2nd, 4th, ...:
        the finest grid that holds about this many pixels or fewer.
    seeds, rounds: how many pixels start shifting at once, and how often on what is left.
    """

    max_shifts = 30
    tolerance = 1e-3   # of the bandwidth: a mode that moves less has arrived

    def __init__(self, bandwidth: float = 1.5, min_area: int = 10, sample: int = 4096,
                 seeds: int = 256, rounds: int = 3):
        """Raise ValueError for a bandwidth that is not positive."""
        if not bandwidth > 0:
            raise ValueError(f'bandwidth must be positive, not {bandwidth}')
        self.bandwidth, self.min_area = float(bandwidth), int(min_area)
        self.sample, self.seeds, self.rounds = int(sample), int(seeds), int(rounds)

    @torch.inference_mode()
    def __call__(self, embeddings: Tensor, class_index: Tensor,
                 things: tuple[int, ...]) -> list[Clusters]:
        """Cluster a batch.

        embeddings: float (N, D, H, W). class_index: integer (N, H, W), channel of each pixel's
        class. things: channels of the classes that have instances.
        """
        return [self.cluster_image(embedding, index, things)
                for embedding, index in zip(embeddings, class_index, strict=True)]

    def cluster_image(self, embeddings: Tensor, class_index: Tensor,
                      things: tuple[int, ...]) -> Clusters:
        """Cluster one image: embeddings (D, H, W), class_index (H, W)."""
        height, width = class_index.shape
        countable = torch.isin(class_index, torch.tensor(things, device=class_index.device,
                                                         dtype=class_index.dtype))
        place = countable.flatten().nonzero().squeeze(1)
        points = embeddings.permute(1, 2, 0).reshape(height * width, -1)[place].float()
        finite = torch.isfinite(points).all(1)
        invalid = len(place) - int(finite.sum())
        if invalid:
            place, points = place[finite], points[finite]
        group = class_index.flatten()[place].long()
        modes, mode_group = self._modes(*self._sample(points, group, place, width))
        nearest, distance = self._assign(points, group, modes, mode_group)
        return self._collect(class_index, place, nearest, distance, modes, mode_group, invalid)

    def _sample(self, points, group, place, width):
        stride = 1
        while len(place) > self.sample * stride ** 2:
            stride *= 2
        if stride == 1:
            return points, group
        on_grid = (place % width % stride == 0) & (place // width % stride == 0)
        return points[on_grid], group[on_grid]

    def _modes(self, points, group):
        """Find the modes of the sampled points: (M, D), and the class of each (M,)."""
        free = torch.ones(len(points), dtype=torch.bool, device=points.device)
        found = [points[:0]]
        found_group = [group[:0]]
        for _ in range(self.rounds):
            left = free.nonzero().squeeze(1)
            if not len(left):
                break
            seeds = left[torch.linspace(0, len(left) - 1, min(self.seeds, len(left)),
                                        device=left.device).round().long()]
            modes = self._shift(points[seeds], group[seeds], points[left], group[left])
            near = self._near(modes, group[seeds], points, group)
            keep = self._strongest(modes, group[seeds], near, free)
            found.append(modes[keep])
            found_group.append(group[seeds][keep])
            free &= ~near[self._distinct(modes, group[seeds], near.sum(1))].any(0)
        return torch.cat(found), torch.cat(found_group)

    def _near(self, a, a_group, b, b_group):
        """Tell which pairs are of one class and within a bandwidth: bool (len(a), len(b))."""
        squared = (a.square().sum(1, keepdim=True) + b.square().sum(1)).addmm_(a, b.T, alpha=-2)
        return (squared <= self.bandwidth ** 2) & (a_group.unsqueeze(1) == b_group)

    def _shift(self, modes, mode_group, points, group):
        """Move each mode to the mean of the points around it until it rests."""
        for _ in range(self.max_shifts):
            weight = self._near(modes, mode_group, points, group).float()
            count = weight.sum(1, keepdim=True)
            moved = torch.where(count > 0, weight @ points / count.clamp_min(1), modes)
            step = (moved - modes).square().sum(1).max()
            modes = moved
            if step <= (self.tolerance * self.bandwidth) ** 2:
                break
        return modes

    def _distinct(self, modes, mode_group, count):
        """Choose modes, most populous first, none within a bandwidth of a chosen one: bool."""
        order = torch.argsort(count, descending=True, stable=True)
        close = self._near(modes[order], mode_group[order], modes[order], mode_group[order])
        stronger = torch.tril(close, -1)
        keep = torch.ones(len(modes), dtype=torch.bool, device=modes.device)
        while True:   # settles after as many passes as the longest chain of neighbours
            after = ~(stronger & keep).any(1)
            if torch.equal(after, keep):
                break
            keep = after
        result = torch.empty_like(keep)
        result[order] = keep
        return result

    def _strongest(self, modes, mode_group, near, free):
        """Keep distinct modes more than half of whose points no earlier round has taken."""
        count = near.sum(1)
        own = (near & free).sum(1)
        return self._distinct(modes, mode_group, count) & (2 * own > count)

    def _assign(self, points, group, modes, mode_group):
        """Return each point's nearest mode of its class within a bandwidth, or -1; distance."""
        if not len(modes) or not len(points):
            none = torch.full((len(points),), -1, device=points.device)
            return none, torch.zeros(len(points), device=points.device)
        squared = (points.square().sum(1, keepdim=True) + modes.square().sum(1)).addmm_(
            points, modes.T, alpha=-2)
        squared.masked_fill_(group.unsqueeze(1) != mode_group, torch.inf)
        best, nearest = squared.min(1)
        nearest = torch.where(best <= self.bandwidth ** 2, nearest, -1)
        return nearest, best.clamp_min(0).sqrt()

    def _collect(self, class_index, place, nearest, distance, modes, mode_group, invalid):
        """Drop small clusters, put the rest in order and write their numbers into the image."""
        inside = nearest >= 0
        nearest, distance, place = nearest[inside], distance[inside], place[inside]
        area = torch.bincount(nearest, minlength=len(modes))
        order = torch.argsort(area, descending=True, stable=True)
        order = order[torch.argsort(mode_group[order], stable=True)]
        order = order[area[order] >= max(self.min_area, 1)]
        order = order[_rank_in_group(mode_group[order]) < MAX_INSTANCES]
        number = torch.zeros(len(modes), dtype=torch.int32, device=place.device)
        number[order] = torch.arange(1, len(order) + 1, dtype=torch.int32, device=place.device)
        image = torch.zeros(class_index.numel(), dtype=torch.int32, device=place.device)
        image[place] = number[nearest]
        spread = torch.bincount(nearest, distance, minlength=len(modes))[order] / area[order]
        return Clusters(image.view(class_index.shape), mode_group[order], area[order],
                        (spread / self.bandwidth).float(),
                        self._margin(modes[order], mode_group[order]), invalid)

    def _margin(self, modes, mode_group):
        if not len(modes):
            return modes.new_zeros(0)
        distance = torch.cdist(modes, modes)
        distance.masked_fill_(mode_group.unsqueeze(1) != mode_group, torch.inf)
        distance.fill_diagonal_(torch.inf)
        return (distance.min(1).values / self.bandwidth).clamp_max(3.0)


def _rank_in_group(group: Tensor) -> Tensor:
    """Return each element's place among the equal ones of a sorted vector: 0, 1, ..."""
    return torch.arange(len(group), device=group.device) - torch.searchsorted(group, group)
