# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mean shift of fixed shapes, for a whole batch at once.

`mean_shift.MeanShift` looks at its data to do as little as possible, and each look makes a GPU
synchronise with the host. Here only values depend on the data, no shape does, so that a batch is
computed without host synchronisation and a CUDA graph can replay it. It finds the same clusters up
to single pixels, and says when there were more than it has columns for.

Memory: no array of pixels times clusters; what has to be one is computed in bands of rows.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .cluster_sums import sum_clusters
from .clusters import NO_CLASS, ClusterTensors
from .device_settings import DeviceSettings
from .mean_shift import LARGEST_COORDINATE, REACH
from .pixel_bands import row_bands


class _Pixels(NamedTuple):
    """Pixels of a batch in embedding space.

    embeddings: float (N, D, H, W). rank: int16 (N, H, W), of the pixel's class among the thing
    classes, -1 = none. bandwidth: float32 (N, H, W), of its class. norm: float32 (N, H, W), length
    of its embedding in bandwidths. valid: bool (N, H, W), of a thing class and finite.
    """

    embeddings: Tensor
    rank: Tensor
    bandwidth: Tensor
    norm: Tensor
    valid: Tensor


class BatchedMeanShift:
    """Mean shift with a flat kernel, per class, without a single data-dependent shape.

    Args:
        min_area: clusters of fewer pixels are dropped.
        max_clusters: M, most clusters of an image.
        sample: modes are sought among this many pixels, evenly spread over the thing classes.
        seeds, rounds: how many pixels start at once, and how often what is left is seeded again.
        first_shifts, shifts: how often they move in the first round and in the others; in the
            first one they have large objects to cross.
    """

    passes = 5   # of non-maximum suppression; an odd number never keeps both of two neighbours

    def __init__(self, min_area: int = 10, max_clusters: int = 128, sample: int = 4096,
                 seeds: int = 128, rounds: int = 4, first_shifts: int = 30, shifts: int = 12):
        """Keep the sizes."""
        self.min_area, self.max_clusters, self.sample = min_area, max_clusters, sample
        self.seeds, self.rounds = seeds, rounds
        self.first_shifts, self.shifts = first_shifts, shifts

    def __call__(self, embeddings: Tensor, class_index: Tensor, probability: Tensor,
                 settings: DeviceSettings) -> ClusterTensors:
        """Cluster a batch.

        Args:
            embeddings: float (N, D, H, W).
            class_index: integer (N, H, W), class channel of each pixel, below 256.
            probability: float32 (N, H, W), of that class; averaged over each cluster.
            settings: for a batch of this shape.
        """
        pixels = _pixels(embeddings, class_index, settings)
        points, real, stride = _sampled(pixels, self.sample)        # (N, S, D + 1), (N, S), (N)
        modes, found, unclaimed, omitted = self._modes(points, real)
        slot, distance = _nearest(pixels, modes, found)             # (N, H, W) each
        sums = sum_clusters(slot, modes.shape[1], distance, probability, settings.of_row,
                            settings.of_column)
        found &= sums.area >= max(self.min_area, 1)
        order, number = _in_order(modes, found, sums.area)
        modes, found, *sums = (_take(x, order) for x in (modes, found, *sums))
        area, sides, spread, mean, rows, columns = sums
        rank = (modes[..., -1] / 3).round().long()                  # (N, M)
        label_image = number.gather(1, slot.flatten(1).long()).view(slot.shape).short()
        return ClusterTensors(
            label_image, torch.where(found, settings.class_of_rank[rank], NO_CLASS), area, spread,
            _margin(modes, found), modes[..., :-1] * settings.bandwidth[rank].unsqueeze(2),
            ((pixels.rank >= 0) & ~pixels.valid).sum((1, 2)), (unclaimed * stride).long(),
            probability=mean, sides=sides, rows=rows, columns=columns,
            complete=omitted * stride < self.min_area)

    def _modes(self, points: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Find the modes of points (N, S, E), of which some are real.

        Returns:
            modes (N, M, E); which are real (N, M); number of real points that no mode has claimed
            (N); number of points near the largest mode for which there was no column (N).
        """
        modes, support, free = [], [], real
        for k in range(self.rounds):
            seeds, alive = _evenly(points, free, self.seeds)                    # (N, K, E)
            shifted = _shift(seeds, points, free, self.shifts if k else self.first_shifts)
            near = _within(shifted, points) & real.unsqueeze(1) & alive.unsqueeze(2)
            near &= _strongest(shifted, near.sum(2), self.passes).unsqueeze(2)  # (N, K, S)
            # The rest of what an earlier round has taken is a fringe, no object of its own.
            own, all_near = (near & free.unsqueeze(1)).sum(2), near.sum(2)
            modes.append(shifted)
            support.append(torch.where(2 * own > all_near, all_near, 0))
            free = free & ~near.any(1)
        modes, support = torch.cat(modes, 1), torch.cat(support, 1)             # (N, R K, E)
        order = torch.argsort(support, dim=1, descending=True, stable=True)
        support, first = _take(support, order), order[:, :self.max_clusters]
        omitted = support[:, self.max_clusters:self.max_clusters + 1].sum(1)
        return (_take(modes, first), support[:, :self.max_clusters] > 0, free.sum(1), omitted)


def _shift(modes: Tensor, points: Tensor, free: Tensor, times: int) -> Tensor:
    """Move modes (N, K, E) to the mean of the free points around them, so many times."""
    counted = torch.cat([points, torch.ones_like(points[..., :1])], 2)      # (N, S, E + 1)
    for _ in range(times):
        weight = (_within(modes, points) & free.unsqueeze(1)).to(points.dtype)
        total = weight @ counted                                            # (N, K, E + 1)
        count = total[..., -1:]
        modes = torch.where(count > 0, total[..., :-1] / count.clamp_min(1), modes)
    return modes


def _pixels(embeddings: Tensor, class_index: Tensor, settings: DeviceSettings) -> _Pixels:
    rank = settings.rank_of_class[class_index.long()].short()
    bandwidth = settings.bandwidth[rank.clamp_min(0).long()]
    norm = torch.linalg.vector_norm(embeddings, dim=1, dtype=torch.float32) / bandwidth
    valid = (rank >= 0) & (norm <= LARGEST_COORDINATE)        # not NaN either
    return _Pixels(embeddings, rank, bandwidth, norm, valid)


def _sampled(pixels: _Pixels, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Choose among the valid pixels evenly over their order.

    Returns:
        Points float32 (N, count, D + 1), in bandwidths, with a last coordinate that keeps classes
        three bandwidths and more apart; which are real, bool (N, count); pixels each stands for,
        float32 (N).
    """
    index, total = _even_indices(pixels.valid.flatten(1), count)                # (N, S), (N, 1)
    image = torch.arange(len(index), device=index.device).unsqueeze(1)
    y, x = index // pixels.rank.shape[2], index % pixels.rank.shape[2]
    values = pixels.embeddings.permute(0, 2, 3, 1)[image, y, x].float()         # (N, S, D)
    values = values / pixels.bandwidth[image, y, x].unsqueeze(2)
    points = torch.cat([values, 3. * pixels.rank[image, y, x].unsqueeze(2)], 2)  # (N, S, D + 1)
    real = torch.arange(count, device=index.device) < total
    stride = (total.squeeze(1) / count).clamp_min(1.)
    return points.masked_fill(~real.unsqueeze(2), 0.), real, stride


def _evenly(points: Tensor, chosen: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Take `count` of the chosen points, evenly over their order: (N, count, E), which are real.

    points (N, P, E), chosen bool (N, P). Where fewer are chosen, the last ones are not real.
    """
    index, total = _even_indices(chosen, count)
    return _take(points, index), torch.arange(count, device=points.device) < total


def _even_indices(chosen: Tensor, count: int) -> tuple[Tensor, Tensor]:
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


def _take(table: Tensor, index: Tensor) -> Tensor:
    """Take rows `index` (N, K) of each table (N, P, ...)."""
    if table.ndim == 2:
        return table.gather(1, index)
    return table.gather(1, index.unsqueeze(2).expand(-1, -1, table.shape[2]))


def _within(a: Tensor, b: Tensor) -> Tensor:
    """Return which pairs are within a bandwidth (1 here): bool (N, A, B)."""
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


def _nearest(pixels: _Pixels, modes: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """Return each pixel's mode within reach, M = none, and its distance in bandwidths.

    The nearest mode m of a pixel p maximises 2 p m - m^2; both sides times the bandwidth of its
    class, the embedding is used as the network gives it.

    Returns:
        int16 (N, H, W) and float32 (N, H, W), 0 where there is none.
    """
    height, width = pixels.rank.shape[1:]
    rank = pixels.rank.float()
    planes = torch.stack([6 * rank * pixels.bandwidth, pixels.bandwidth], 1)    # (N, 2, H, W)
    squares = torch.where(found, modes.square().sum(2), torch.inf).unsqueeze(2)
    weights = torch.cat([2 * modes[..., :-1], modes[..., -1:], -squares], 2)    # (N, M, D + 2)
    slot = torch.empty_like(pixels.rank)
    closest = torch.empty_like(pixels.norm)
    for rows in row_bands(height, width, bytes_per_pixel=4 * modes.shape[1]):
        inputs = torch.cat([pixels.embeddings[:, :, rows], planes[:, :, rows]], 1)
        best, nearest = (weights @ inputs.flatten(2)).max(1)                    # (N, h W)
        closest[:, rows], slot[:, rows] = best.view(-1, *inputs.shape[2:]), nearest.view(
            -1, *inputs.shape[2:])
    squared = pixels.norm.square() + 9 * rank.square() - closest / pixels.bandwidth
    distance = squared.clamp_min_(0).sqrt_()
    inside = pixels.valid & (distance <= REACH)
    return slot.masked_fill_(~inside, modes.shape[1]), distance.masked_fill_(~inside, 0.)


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
