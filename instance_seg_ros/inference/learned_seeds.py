# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From learned seeds and bandwidths to instance numbers: the second method.

Neven, De Brabandere, Proesmans, Van Gool, "Instance Segmentation by Jointly Optimizing Spatial
Embeddings and Clustering Bandwidth" (CVPR 2019), section 3.4, within each class of the class
branch. The embedding branch gives, per pixel, an embedding, a bandwidth and a seed quality. A
cluster starts at the best seed outside all clusters so far and contains the pixels within the
radius that its own pixels predict.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .clusters import ClusterTensors
from .mean_shift import MAX_INSTANCES

EXTRA_CHANNELS = 2
"""Channels after the embeddings: bandwidth, seed quality."""
BANDWIDTH_SCALE = 10.
"""A bandwidth output s means the precision exp(10 s), as in the paper."""
BANDWIDTH_LIMIT = .5
"""Largest |s|: radii from 0.07 to 10 embedding units; exp cannot overflow."""


class Outputs(NamedTuple):
    """Outputs of the branch: embedding (..., D), log precision and seed quality (...)."""

    embedding: Tensor
    log_precision: Tensor
    quality: Tensor


def split_outputs(values: Tensor) -> Outputs:
    """Take the branch's channels (..., D + 2) apart, in float32 at least; quality from 0 to 1."""
    values = values if values.dtype == torch.float64 else values.float()
    bandwidth = values[..., -2].clamp(-BANDWIDTH_LIMIT, BANDWIDTH_LIMIT)
    return Outputs(values[..., :-2], BANDWIDTH_SCALE * bandwidth, values[..., -1].sigmoid())


def radius_of(log_precision: Tensor) -> Tensor:
    """Distance at which phi = exp(-d^2 precision), the membership, falls to one half."""
    return (math.log(2) / log_precision.exp()).sqrt()


class LearnedSeeds:
    """Clusters that start from the best predicted seeds, per class; deterministic.

    Attributes:
        cell: the best pixel of each cell of `cell` x `cell` pixels is a candidate seed.
        most: number of candidates kept per class, best first.
        sample: centres and radii are averaged over at most this many pixels of a class.
    """

    cell, most, sample = 4, 768, 4096

    def __init__(self, factor: float | Sequence[float] = 1., min_area: int = 10,
                 threshold: float = .35, reach: float = 1.15) -> None:
        """Choose the sizes of clusters.

        Args:
            factor: on the learned radius of each cluster; one number, or one for each of the
                `things` of a call.
            min_area: clusters of fewer pixels are dropped.
            threshold: least quality of a seed, 0 to 1.
            reach: largest distance of a pixel from its cluster's centre, in radii.

        Raises:
            ValueError: when a factor is not positive.
        """
        self.factor, self.min_area = torch.tensor(factor, dtype=torch.float32), int(min_area)
        if not (self.factor > 0).all():
            raise ValueError(f'factor must be positive, not {factor}')
        self.threshold, self.reach = threshold, reach

    @torch.inference_mode()
    def __call__(self, outputs: Tensor, class_index: Tensor,
                 things: tuple[int, ...]) -> list[ClusterTensors]:
        """Cluster a batch.

        Args:
            outputs: float (N, D + 2, H, W), of the embedding branch.
            class_index: integer (N, H, W), class channel of each pixel, below 256.
            things: channels of the classes that have instances.

        Returns:
            The clusters of each image.
        """
        return [self.cluster_image(*one, things)
                for one in zip(outputs, class_index, strict=True)]

    def cluster_image(self, outputs: Tensor, class_index: Tensor,
                      things: tuple[int, ...]) -> ClusterTensors:
        """Cluster one image: outputs (D + 2, H, W), class_index (H, W)."""
        values = outputs.permute(1, 2, 0).flatten(0, 1)     # (H * W, D + 2)
        kind = class_index.flatten()
        number = torch.zeros(kind.shape, dtype=torch.int32, device=kind.device)
        found: list[_Found] = []
        invalid, factors = 0, self.factor.expand(len(things)).tolist()
        for channel, factor in sorted(zip(things, factors, strict=True)):
            place = (kind == channel).nonzero().squeeze(1)
            own = values.index_select(0, place)
            finite = torch.isfinite(own).all(1)
            invalid += len(finite) - int(finite.sum())
            place, pixels = place[finite], split_outputs(own[finite])
            before = sum(len(one.area) for one in found)
            found.append(self._class_clusters(pixels, place, outputs.shape[2], factor))
            mine = found[-1].number
            number[place] = torch.where(mine > 0, mine + before, 0).int()
        return _joined(number.view(class_index.shape), sorted(things), found, invalid)

    def _class_clusters(self, pixels: Outputs, place: Tensor, width: int,
                        factor: float) -> '_Found':
        """Cluster the pixels of one class."""
        seeds = self._candidates(pixels.quality, place, width)
        centres, radius = self._clusters_at(pixels, seeds, factor)
        nearest, distance = self._assign(pixels.embedding, centres, radius)
        last = len(centres)   # of the pixels that are in no cluster
        area = torch.bincount(nearest, minlength=last + 1)[:last]
        order = torch.argsort(area, descending=True, stable=True)
        order = order[area[order] >= max(self.min_area, 1)][:MAX_INSTANCES]
        number = torch.zeros(last + 1, dtype=torch.long, device=place.device)
        number[order] = torch.arange(1, len(order) + 1, device=place.device)
        spread, quality = (torch.bincount(nearest, v.double(), last + 1)[order] / area[order]
                           for v in (distance, pixels.quality))
        return _Found(number[nearest], area[order], spread.float(), quality.float(),
                      _margin(centres[order], radius[order]), centres[order])

    def _candidates(self, quality: Tensor, place: Tensor, width: int) -> Tensor:
        """Choose the best pixel of each cell, best first: indices into the class's pixels."""
        across = -(-width // self.cell)
        cell = place // width // self.cell * across + place % width // self.cell
        best = quality.new_zeros(int(cell.max()) + 1 if len(cell) else 0)
        best.scatter_reduce_(0, cell, quality, 'amax')
        chosen = ((quality >= best[cell]) & (quality > self.threshold)).nonzero().squeeze(1)
        order = torch.argsort(quality[chosen], descending=True, stable=True)[:self.most]
        return chosen[order]

    def _clusters_at(self, pixels: Outputs, seeds: Tensor,
                     factor: float) -> tuple[Tensor, Tensor]:
        """Return centres (M, D) and radii (M,) of the clusters that the seeds begin.

        Seeds inside the cluster of a better seed are dropped. Centre and bandwidth are then the
        means over the cluster, as in training, and clusters that lie mostly inside better ones
        are dropped, too.
        """
        centres = pixels.embedding[seeds]
        radius = factor * radius_of(pixels.log_precision[seeds])
        keep = _outside_better(_ratio(centres, centres, radius) <= 1)
        centres, radius = centres[keep], radius[keep]
        points, log_precision = (_spread_out(v, self.sample) for v in pixels[:2])
        member = (_ratio(points, centres, radius) <= 1).to(points.dtype)    # (M, P)
        count = member.sum(1).clamp_min(1)
        some = member.any(1)
        centres = torch.where(some[:, None], member @ points / count[:, None], centres)
        radius = torch.where(some, factor * radius_of(member @ log_precision / count), radius)
        inside = _ratio(points, centres, radius) <= 1
        new = inside & ~(inside.cumsum(0) > inside)
        kept = 2 * new.sum(1) > inside.sum(1)
        kept |= ~inside.any(1)    # too small for the sample to show
        return centres[kept], radius[kept]

    def _assign(self, points: Tensor, centres: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
        """Return each pixel's nearest cluster within reach, or M; and its distance in radii."""
        if not len(centres) or not len(points):
            none = torch.full((len(points),), len(centres), device=points.device)
            return none, torch.zeros(len(points), device=points.device)
        squared, nearest = _ratio(points, centres, radius).min(0)
        distance = squared.clamp_min(0).sqrt()
        return torch.where(distance <= self.reach, nearest, len(centres)), distance


class _Found(NamedTuple):
    """Clusters of one class: number (P,) of each pixel, 0 = none; the rest (M,) and (M, D)."""

    number: Tensor
    area: Tensor
    spread: Tensor
    quality: Tensor
    margin: Tensor
    mode: Tensor


def _joined(number: Tensor, channels: Sequence[int], found: list[_Found],
            invalid: int) -> ClusterTensors:
    """Put the clusters of all classes one after the other."""
    counts = torch.tensor([len(one.area) for one in found], device=number.device)
    index = torch.repeat_interleave(torch.tensor(channels, device=number.device), counts)
    area, spread, quality, margin, mode = (torch.cat(column) for column in zip(
        *(one[1:] for one in found), strict=True))
    return ClusterTensors(number, index, area, spread, margin, mode, torch.tensor(invalid),
                          quality=quality)


def _ratio(points: Tensor, centres: Tensor, radius: Tensor) -> Tensor:
    """Return the squared distance of each pair in radii of the centre: (M, P)."""
    squared = torch.addmm((points ** 2).sum(1), centres, points.T, alpha=-2)
    return (squared + (centres ** 2).sum(1, keepdim=True)) / radius.square().unsqueeze(1)


def _outside_better(inside: Tensor) -> Tensor:
    """Choose seeds, given best first, that lie in no chosen seed's cluster: bool (M,).

    Args:
        inside: bool (M, M), whether the column's seed is inside the row's cluster.
    """
    earlier = torch.triu(inside, 1)
    keep = torch.ones(len(inside), dtype=torch.bool, device=inside.device)
    while True:   # converges after as many passes as the longest chain of seeds
        after = ~(earlier & keep.unsqueeze(1)).any(0)
        if torch.equal(after, keep):
            return keep
        keep = after


def _spread_out(values: Tensor, count: int) -> Tensor:
    """Take at most `count` of the values, evenly over their order."""
    last = len(values) - 1
    if last < count:
        return values
    return values[torch.arange(count, device=values.device) * last // (count - 1)]


def _margin(centres: Tensor, radius: Tensor) -> Tensor:
    """Return each cluster's distance to the next centre in its own radii, at most 3."""
    if not len(centres):
        return radius
    apart = torch.cdist(centres, centres).fill_diagonal_(torch.inf).min(1).values
    return (apart / radius).clamp_max(3.)
