# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Learned seeds with fixed shapes, for a whole batch at once, so that CUDA graphs can replay it.

The same clusters as `learned_seeds.LearnedSeeds`, up to single pixels: centres and radii are means
over all pixels of a cluster instead of a sample. An image with more seeds or clusters than there
are columns is reported as incomplete.

Memory: pixels times clusters is only ever computed in bands of rows.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .cluster_order import order_clusters
from .cluster_sums import mean_by_slot, sum_clusters
from .clusters import NO_CLASS, ClusterTensors
from .device_settings import DeviceSettings
from .even_sampling import take_rows
from .learned_seeds import LearnedSeeds, radius_of, split_outputs
from .mean_shift import LARGEST_COORDINATE
from .pixel_bands import row_bands

_INDEX_BITS = 25
"""More than the pixels of the largest input size need."""


class _Pixels(NamedTuple):
    """Pixels of a batch.

    Attributes:
        embedding: (N, D, H, W); 0 where invalid.
        log_precision: (N, H, W).
        quality: (N, H, W).
        rank: int64 (N, H, W), of the pixel's class among the thing classes, -1 = none or invalid.
    """

    embedding: Tensor
    log_precision: Tensor
    quality: Tensor
    rank: Tensor


class _Clusters(NamedTuple):
    """M columns of each image: centre (N, M, D); radius, rank and whether it is in use (N, M)."""

    centre: Tensor
    radius: Tensor
    rank: Tensor
    found: Tensor


class BatchedLearnedSeeds:
    """Clusters from learned seeds, per class, without a single data-dependent shape.

    Attributes:
        seeds: K, candidate seeds of an image that are considered, best first.
        passes: of the suppression of seeds inside better seeds' clusters; an odd number never
            keeps both of two neighbours.
    """

    seeds, passes = 2048, 15

    def __init__(self, min_area: int = 10, max_clusters: int = 128):
        """Keep the sizes; the thresholds are those of `LearnedSeeds`."""
        self.min_area, self.max_clusters = min_area, max_clusters
        self._eager = LearnedSeeds()

    def __call__(self, outputs: Tensor, class_index: Tensor, probability: Tensor,
                 settings: DeviceSettings) -> ClusterTensors:
        """Cluster a batch.

        Args:
            outputs: float (N, D + 2, H, W), of the embedding branch.
            class_index: integer (N, H, W), class channel of each pixel, below 256.
            probability: float32 (N, H, W), of that class; averaged over each cluster.
            settings: for a batch of this shape.
        """
        wanted = settings.rank_of_class[class_index.long()]
        pixels = _pixels(outputs, wanted)
        clusters, complete = self._started(pixels, settings)
        clusters = _kept(pixels, _refined(pixels, clusters, settings))
        slot, distance = _nearest(pixels, clusters, self._eager.reach)
        columns = clusters.radius.shape[1]
        sums = sum_clusters(slot, columns, distance, probability, settings.of_row,
                            settings.of_column)
        quality = mean_by_slot(slot, columns, pixels.quality)
        found = clusters.found & (sums.area >= max(self.min_area, 1))
        order, number = order_clusters(clusters.rank, found, sums.area)
        centre, radius, rank, found = (take_rows(x, order) for x in (*clusters[:3], found))
        area, sides, spread, mean, rows, columns = (take_rows(x, order) for x in sums)
        label_image = number.gather(1, slot.flatten(1).long()).view(slot.shape).short()
        return ClusterTensors(
            label_image, torch.where(found, settings.class_of_rank[rank], NO_CLASS), area, spread,
            _margin(centre, radius, rank, found), centre,
            ((wanted >= 0) & (pixels.rank < 0)).sum((1, 2)), quality=take_rows(quality, order),
            probability=mean, sides=sides, rows=rows, columns=columns, complete=complete)

    def _started(self, pixels: _Pixels, settings: DeviceSettings) -> tuple[_Clusters, Tensor]:
        """Return clusters at the best seeds outside better ones; whether none was omitted (N)."""
        index, real, enough = self._candidates(pixels)                          # (N, K)
        rank = pixels.rank.flatten(1).gather(1, index)
        centre = take_rows(pixels.embedding.flatten(2).transpose(1, 2), index)      # (N, K, D)
        radius = radius_of(pixels.log_precision.flatten(1).gather(1, index))
        radius = radius * settings.bandwidth[rank.clamp_min(0)]
        better = (rank.unsqueeze(2) == rank.unsqueeze(1)).triu_(1)              # (N, K, K)
        real = real & (better.sum(1) < self._eager.most)
        inside = _squared(centre, centre.transpose(1, 2)) <= radius.square().unsqueeze(2)
        earlier = better.logical_and_(inside).logical_and_(real.unsqueeze(2))
        keep = real
        for _ in range(self.passes):
            keep = real & ~(earlier & keep.unsqueeze(2)).any(1)
        order = torch.argsort(~keep, dim=1, stable=True)[:, :self.max_clusters]
        complete = enough & (keep.sum(1) <= self.max_clusters)
        return _Clusters(*(take_rows(x, order) for x in (centre, radius, rank, keep))), complete

    def _candidates(self, pixels: _Pixels) -> tuple[Tensor, Tensor, Tensor]:
        """Return the best pixels of each class in each cell, best first.

        Returns:
            Pixel indices int64 (N, K); which of them are real, bool (N, K); whether there were no
            more, bool (N).
        """
        best = _best_of_cells(pixels.quality, pixels.rank, self._eager.cell)
        chosen = ((pixels.rank >= 0) & (pixels.quality >= best)
                  & (pixels.quality > self._eager.threshold)).flatten(1)
        # Positive floats are in the order of their bits; of equals, the first pixel comes first.
        place = torch.arange(chosen.shape[1], device=chosen.device)
        bits = pixels.quality.flatten(1).view(torch.int32).long() << _INDEX_BITS
        key = torch.where(chosen, bits + (1 << _INDEX_BITS) - 1 - place, -1)
        count = min(self.seeds, chosen.shape[1])
        key, index = key.topk(count, dim=1)
        return index, key >= 0, chosen.sum(1) <= count


def _pixels(outputs: Tensor, rank: Tensor) -> _Pixels:
    valid = torch.isfinite(outputs).all(1) & (rank >= 0)
    valid &= (outputs[:, :-2].abs() <= LARGEST_COORDINATE).all(1)
    outputs = outputs.float().masked_fill(~valid.unsqueeze(1), 0.)
    embedding, log_precision, quality = split_outputs(outputs.permute(0, 2, 3, 1))
    return _Pixels(embedding.permute(0, 3, 1, 2), log_precision, quality.contiguous(),
                   rank.masked_fill(~valid, -1))


def _best_of_cells(quality: Tensor, of_pixel: Tensor, cell: int) -> Tensor:
    """Return the best quality among the pixels of each pixel's cell and class: (N, H, W).

    Args:
        quality: float32 (N, H, W).
        of_pixel: int64 (N, H, W), rank of its class.
        cell: side of a cell in pixels.
    """
    height, width = quality.shape[1:]
    pad = (0, -width % cell, 0, -height % cell)
    padded = (F.pad(quality, pad), F.pad(of_pixel, pad, value=-1))
    values, ranks = (x.unflatten(2, (-1, cell)).unflatten(1, (-1, cell)) for x in padded)
    best = torch.zeros_like(values)                 # (N, H / cell, cell, W / cell, cell)
    for y in range(cell):
        for x in range(cell):
            value, rank = (z[:, :, y:y + 1, :, x:x + 1] for z in (values, ranks))
            best = torch.where(ranks == rank, torch.maximum(best, value), best)
    return best.flatten(3, 4).flatten(1, 2)[:, :height, :width]


def _bands(pixels: _Pixels, clusters: _Clusters) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield, for bands of rows, the squared distances and which pairs are of one class.

    Yields:
        The rows; float32 (N, M, P); bool (N, M, P), False for columns that are not in use.
    """
    height, width = pixels.rank.shape[1:]
    rank = clusters.rank.masked_fill(~clusters.found, -2).unsqueeze(2)
    for rows in row_bands(height, width, bytes_per_pixel=4 * clusters.rank.shape[1]):
        points = pixels.embedding[:, :, rows].flatten(2)                        # (N, D, P)
        same = rank == pixels.rank[:, rows].flatten(1).unsqueeze(1)
        yield rows, _squared(clusters.centre, points), same


def _squared(centres: Tensor, points: Tensor) -> Tensor:
    """Return the squared distances of centres (N, M, D) and points (N, D, P): (N, M, P)."""
    both = torch.baddbmm(points.square().sum(1, keepdim=True), centres, points, alpha=-2)
    return both + centres.square().sum(2, keepdim=True)


def _refined(pixels: _Pixels, clusters: _Clusters, settings: DeviceSettings) -> _Clusters:
    """Bring centres and radii to the means over the pixels inside, as in training."""
    total = torch.zeros_like(clusters.radius), torch.zeros_like(clusters.centre), \
        torch.zeros_like(clusters.radius)
    for rows, squared, same in _bands(pixels, clusters):
        member = (same & (squared <= clusters.radius.square().unsqueeze(2))).float()
        values = (pixels.embedding[:, :, rows].flatten(2).transpose(1, 2),
                  pixels.log_precision[:, rows].flatten(1).unsqueeze(2))
        total = (total[0] + member.sum(2), total[1] + member @ values[0],
                 total[2] + (member @ values[1]).squeeze(2))
    count, some = total[0].clamp_min(1), total[0] > 0
    radius = radius_of(total[2] / count) * settings.bandwidth[clusters.rank.clamp_min(0)]
    return clusters._replace(
        centre=torch.where(some.unsqueeze(2), total[1] / count.unsqueeze(2), clusters.centre),
        radius=torch.where(some, radius, clusters.radius))


def _kept(pixels: _Pixels, clusters: _Clusters) -> _Clusters:
    """Drop clusters that lie mostly inside better ones, which come first."""
    columns = clusters.radius.shape[1]
    place = torch.arange(columns, device=clusters.radius.device).unsqueeze(1)
    inside_count = torch.zeros_like(clusters.rank)
    new_count = F.pad(inside_count, (0, 1))
    for _, squared, same in _bands(pixels, clusters):
        inside = same & (squared <= clusters.radius.square().unsqueeze(2))
        first = torch.where(inside, place, columns).amin(1)                     # (N, P)
        inside_count = inside_count + inside.sum(2)
        new_count = new_count.scatter_add(1, first, torch.ones_like(first))
    kept = (2 * new_count[:, :-1] > inside_count) | (inside_count == 0)
    return clusters._replace(found=clusters.found & kept)


def _nearest(pixels: _Pixels, clusters: _Clusters, reach: float) -> tuple[Tensor, Tensor]:
    """Return each pixel's nearest cluster within reach, M = none, and its distance in radii.

    Returns:
        int16 (N, H, W) and float32 (N, H, W), 0 where there is none.
    """
    columns = clusters.radius.shape[1]
    slot = torch.empty_like(pixels.rank, dtype=torch.int16)
    distance = torch.empty_like(pixels.quality)
    for rows, squared, same in _bands(pixels, clusters):
        ratio = (squared / clusters.radius.square().unsqueeze(2)).masked_fill_(~same, torch.inf)
        least, nearest = ratio.clamp_min_(0).min(1)                             # (N, P)
        inside = least.sqrt_() <= reach
        slot[:, rows] = torch.where(inside, nearest, columns).view_as(slot[:, rows]).short()
        distance[:, rows] = torch.where(inside, least, 0.).view_as(distance[:, rows])
    return slot, distance


def _margin(centre: Tensor, radius: Tensor, rank: Tensor, found: Tensor) -> Tensor:
    """Return each cluster's distance to the next of its class in its own radii, at most 3."""
    apart = (centre.unsqueeze(2) - centre.unsqueeze(1)).square().sum(3).sqrt()
    pairs = found.unsqueeze(2) & found.unsqueeze(1) & (rank.unsqueeze(2) == rank.unsqueeze(1))
    same = torch.eye(rank.shape[1], dtype=torch.bool, device=rank.device)
    nearest = apart.masked_fill(~pairs | same, torch.inf).amin(2)
    return (nearest / radius).clamp_max(3.)
