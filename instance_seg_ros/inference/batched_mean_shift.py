# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mean shift whose every shape is known beforehand, for a whole batch at once.

`clustering.MeanShift` looks at its data to do as little as it can: each look makes a GPU wait
for the host. Here nothing depends on the data but values, so that a device computes a batch from
end to end without a word to the host, and a CUDA graph can replay it. It finds the same clusters
up to single pixels, and tells when there were more than it has room for.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .clusters import NO_CLASS, ClusterTensors
from .device_settings import DeviceSettings
from .mean_shift import REACH


class BatchedMeanShift:
    """Mean shift with a flat kernel, per class, without a single data-dependent shape.

    min_area: clusters of fewer pixels are dropped. room: M, most clusters of an image.
    sample: modes are sought among this many pixels, evenly spread over the countable ones.
    seeds, shifts, rounds: how many pixels start at once, how often they move, and how often what
    is left is seeded again.
    """

    passes = 5   # of non-maximum suppression; an odd number never keeps both of two neighbours

    def __init__(self, min_area: int = 10, room: int = 128, sample: int = 4096,
                 seeds: int = 128, shifts: int = 12, rounds: int = 4):
        """Keep the sizes."""
        self.min_area, self.room, self.sample = min_area, room, sample
        self.seeds, self.shifts, self.rounds = seeds, shifts, rounds

    def __call__(self, embeddings: Tensor, class_index: Tensor, confidence: Tensor,
                 settings: DeviceSettings) -> ClusterTensors:
        """Cluster a batch.

        Args:
            embeddings: float (N, D, H, W).
            class_index: int64 (N, H, W), class channel of each pixel, below 256.
            confidence: float32 (N, H, W), probability of that class, averaged over each cluster.
            settings: for a batch of this shape.
        """
        shape, bandwidth = class_index.shape, settings.bandwidth
        rank = settings.rank_of_class[class_index].flatten(1)
        points = embeddings.permute(0, 2, 3, 1).flatten(1, 2).float()
        points = points / bandwidth[rank.clamp_min(0)].unsqueeze(2)
        countable, finite = rank >= 0, torch.isfinite(points).all(2)
        valid = countable & finite
        # Three bandwidths between classes keep them out of each other's reach.
        points = torch.cat([points, 3. * rank.unsqueeze(2)], 2).masked_fill(~valid[..., None], 0.)
        modes, found, complete = self._modes(*_evenly(points, valid, self.sample))
        slot, distance = _nearest(points, valid, modes, found)
        member = _members(slot, self.room)
        values = torch.stack([torch.ones_like(distance), distance, confidence.flatten(1),
                              _sides(slot.view(shape)).flatten(1)], 2)
        area, spread, mean, edges = (member @ values).unbind(2)
        grid = member.unflatten(2, shape[1:])
        rows = grid @ settings.of_column[:, None, :, None]
        columns = settings.of_row[:, None, None] @ grid
        found &= area >= max(self.min_area, 1)
        order, number = _in_order(modes, found, area)
        modes, found, area, spread, mean, edges, rows, columns = (_take(x, order) for x in (
            modes, found, area, spread, mean, edges, rows.squeeze(3), columns.squeeze(2)))
        size, rank = area.clamp_min(1), (modes[..., -1] / 3).round().long()
        return ClusterTensors(
            number.gather(1, slot).view(shape).short(),
            torch.where(found, settings.class_of_rank[rank], NO_CLASS), area.int(), spread / size,
            _margin(modes, found), modes[..., :-1] * bandwidth[rank].unsqueeze(2),
            (countable & ~finite).sum(1), probability=mean / size, sides=edges.int(), rows=rows,
            columns=columns, complete=complete)

    def _modes(self, points: Tensor, there: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find the modes of points (N, S, E): (N, M, E), which are real, and whether all fit."""
        modes, found, free = [], [], there
        for _ in range(self.rounds):
            seeds, alive = _evenly(points, free, self.seeds)
            shifted = self._shift(seeds, points, free)
            near = _within(shifted, points) & there.unsqueeze(1) & alive.unsqueeze(2)
            near &= _strongest(shifted, near.sum(2), self.passes).unsqueeze(2)
            # The rest of what an earlier round has taken is a fringe, no object of its own.
            own = (near & free.unsqueeze(1)).sum(2)
            modes.append(shifted)
            found.append(2 * own > near.sum(2))
            free = free & ~near.any(1)
        modes, found = torch.cat(modes, 1), torch.cat(found, 1)
        first = torch.argsort(found.byte(), dim=1, descending=True, stable=True)[:, :self.room]
        return _take(modes, first), _take(found, first), found.sum(1) <= self.room

    def _shift(self, modes: Tensor, points: Tensor, free: Tensor) -> Tensor:
        """Move each mode to the mean of the free points around it, a fixed number of times."""
        counted = torch.cat([points, torch.ones_like(points[..., :1])], 2)
        for _ in range(self.shifts):
            weight = (_within(modes, points) & free.unsqueeze(1)).to(points.dtype)
            total = weight @ counted
            count = total[..., -1:]
            modes = torch.where(count > 0, total[..., :-1] / count.clamp_min(1), modes)
        return modes


def _evenly(points: Tensor, chosen: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Take `count` of the chosen points, evenly over their order: (N, count, E), which are real.

    points (N, P, E), chosen bool (N, P). Where fewer are chosen, the last places are not real.
    """
    before = chosen.cumsum(1)
    total, place = before[:, -1:], torch.arange(count, device=points.device)
    wanted = torch.where(total > count, place * (total - 1) // max(count - 1, 1), place)
    index = torch.searchsorted(before, wanted + 1).clamp_max(points.shape[1] - 1)
    return _take(points, index), place < total


def _take(table: Tensor, index: Tensor) -> Tensor:
    """Take rows `index` (N, K) of each table (N, P, ...)."""
    if table.ndim == 2:
        return table.gather(1, index)
    return table.gather(1, index.unsqueeze(2).expand(-1, -1, table.shape[2]))


def _within(a: Tensor, b: Tensor) -> Tensor:
    """Tell which pairs are within a bandwidth (1 here): bool (N, A, B)."""
    limit = (1 - a.square().sum(2)).unsqueeze(2)
    bias = b.square().sum(2).unsqueeze(1)
    return torch.baddbmm(bias, a, b.transpose(1, 2), alpha=-2) <= limit


def _strongest(modes: Tensor, count: Tensor, passes: int) -> Tensor:
    """Choose modes, most populous first, none within reach of a chosen one: bool (N, K)."""
    order = torch.argsort(count, dim=1, descending=True, stable=True)
    ordered = _take(modes, order)
    stronger = _within(ordered, ordered).tril(-1)
    keep = torch.ones_like(order, dtype=torch.bool)
    for _ in range(passes):
        keep = ~(stronger & keep.unsqueeze(1)).any(2)
    return torch.zeros_like(keep).scatter(1, order, keep)


def _nearest(points: Tensor, valid: Tensor, modes: Tensor, found: Tensor):
    """Return each point's mode within reach, M = none; and its distance in bandwidths."""
    bias = torch.where(found, -modes.square().sum(2), -torch.inf).unsqueeze(1)
    closest, nearest = torch.baddbmm(bias, points, modes.transpose(1, 2), alpha=2).max(2)
    distance = (points.square().sum(2) - closest).clamp_min(0).sqrt()
    inside = valid & (distance <= REACH)
    return torch.where(inside, nearest, modes.shape[1]), distance.where(inside, 0.)


def _members(slot: Tensor, room: int) -> Tensor:
    """Tell which points belong to which slot: float (N, room, P), 0 or 1.

    Sums over members are then matrix products: unlike atomic additions these give the same bits
    every time.
    """
    return (slot.unsqueeze(1) == torch.arange(room, device=slot.device).unsqueeze(1)).float()


def _sides(slot: Tensor) -> Tensor:
    """Count the sides of each pixel that face another slot or the border: float (N, H, W)."""
    padded = F.pad(slot, (1, 1, 1, 1), value=-1)
    height, width = slot.shape[1:]
    around = ((0, 1), (2, 1), (1, 0), (1, 2))
    return sum((padded[:, y:y + height, x:x + width] != slot).float() for y, x in around)


def _in_order(modes: Tensor, found: Tensor, area: Tensor) -> tuple[Tensor, Tensor]:
    """Sort clusters by class, then by falling area; real ones first.

    Returns the order (N, M) and the number of each slot (N, M + 1), 0 = none.
    """
    key = (modes[..., -1] / 3).round().double() * 2. ** 32 - area.double()
    order = torch.argsort(key.masked_fill(~found, torch.inf), dim=1, stable=True)
    counted = torch.arange(1, order.shape[1] + 1, device=order.device)
    number = torch.zeros_like(order).scatter(1, order, counted.expand_as(order))
    number = number.masked_fill(~found, 0)
    return order, torch.cat([number, torch.zeros_like(number[:, :1])], 1)


def _margin(modes: Tensor, found: Tensor) -> Tensor:
    """Return each mode's distance to the next of its class, at most 3 bandwidths."""
    apart = (modes.unsqueeze(2) - modes.unsqueeze(1)).square().sum(3).sqrt()
    pairs = found.unsqueeze(2) & found.unsqueeze(1)
    same = torch.eye(modes.shape[1], dtype=torch.bool, device=modes.device)
    return apart.masked_fill(~pairs | same, torch.inf).amin(2).clamp_max(3.)
