# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The loss of learned seeds: the IoU of the clusters themselves (Neven et al. 2019, section 3).

With C_k the mean embedding of instance k and s_k the mean bandwidth of its pixels, a pixel i is
of instance k with probability phi_k(i) = exp(-|e_i - C_k|^2 exp(10 s_k)).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..core.labels import INSTANCE_FACTOR
from ..inference.learned_seeds import BANDWIDTH_SCALE, Outputs, split_outputs
from .discriminative_loss import renumber


class SeedTerms(NamedTuple):
    """The loss and the three terms it is made of; scalars, float32 or float64."""

    total: Tensor
    overlap: Tensor
    smoothness: Tensor
    seed: Tensor


class _Instances(NamedTuple):
    """The M instances of a batch and their P pixels, by place in the flattened batch."""

    place: Tensor      # (P,) ascending
    of_pixel: Tensor   # (P,) instance of each
    image: Tensor      # (M,)
    number: Tensor     # (N * H * W,) instance of every pixel, -1 = none


class SeedLoss(nn.Module):
    """Lovasz hinge on every cluster, even bandwidths within it, seeds where it is safe to begin.

        overlap    = mean over instances of the Lovasz hinge of 2 phi_k - 1
        smoothness = mean over instances of the mean over their pixels of (s_i - s_k)^2
        seed       = (10 sum_k sum_i (q_i - phi_k(i))^2 + sum_background q_i^2) / pixels

    s_k in the smoothness and phi in the seeds are targets, without gradient. Unlike the paper,
    embeddings have any number of dimensions, and one seed map serves all classes, which the class
    branch separates.
    """

    def __init__(self, overlap_weight: float = 1., smoothness_weight: float = 10.,
                 seed_weight: float = 1., inside_weight: float = 10., samples: int = 64,
                 far: int = 1024) -> None:
        """Choose weights and samples; the default weights are those of the authors' recipe.

        Args:
            overlap_weight, smoothness_weight, seed_weight: of the three terms.
            inside_weight: of instance pixels in the seed term.
            samples: the hinge of an instance is computed on samples x samples pixels, evenly
                spread over its box enlarged by its size on all sides.
            far: number of further samples, spread over all instances of the image.
        """
        super().__init__()
        self.weights = (overlap_weight, smoothness_weight, seed_weight)
        self.inside_weight, self.samples, self.far = inside_weight, samples, far

    def forward(self, outputs: Tensor, instance_ids: Tensor, background: Tensor) -> SeedTerms:
        """Compare the branch's outputs with the instances they should form.

        Args:
            outputs: float (N, D + 2, H, W); half precision is accumulated in float32.
            instance_ids: integer (N, H, W), label id * 1000 + number; smaller values are no
                instances.
            background: bool (N, H, W), pixels known to be of no instance. Pixels that are
                neither (void, groups) are ignored.
        """
        with torch.autocast(outputs.device.type, enabled=False):
            pixels = split_outputs(outputs.permute(0, 2, 3, 1).flatten(0, 2))   # (N * H * W, ...)
            terms = self._terms(pixels, instance_ids, background.flatten())
        return SeedTerms(sum(w * t for w, t in zip(self.weights, terms, strict=True)), *terms)

    def _terms(self, pixels: Outputs, ids: Tensor, background: Tensor) -> tuple[Tensor, ...]:
        known = background.sum() + (ids >= INSTANCE_FACTOR).sum()
        outside = pixels.quality[background].square().sum()
        if not (ids >= INSTANCE_FACTOR).any():
            zero = 0. * (pixels.embedding.sum() + pixels.log_precision.sum())
            return zero, zero, outside / known.clamp_min(1)
        instances = _instances(ids)
        own = Outputs(*(values[instances.place] for values in pixels))
        centres, sharp = (_means(v, instances) for v in (own.embedding, own.log_precision))
        phi = _phi(own.embedding, centres[instances.of_pixel], sharp[instances.of_pixel])
        error = (own.quality - phi.detach()).square().sum()
        seed = (self.inside_weight * error + outside) / known
        uneven = (own.log_precision - sharp.detach()[instances.of_pixel]) / BANDWIDTH_SCALE
        index = self._samples(instances, ids.shape)
        known = background | (instances.number >= 0)
        overlap = self._overlap(pixels.embedding, centres, sharp, instances, index, known)
        return overlap, _means(uneven.square(), instances).mean(), seed

    def _overlap(self, embedding, centres, sharp, instances, index, known) -> Tensor:
        phi = _phi(embedding[index], centres.unsqueeze(1), sharp.unsqueeze(1))
        own = instances.number[index] == torch.arange(len(centres), device=index.device)[:, None]
        return lovasz_hinge(2 * phi - 1, own, known[index]).mean()

    def _samples(self, instances: _Instances, shape: torch.Size) -> Tensor:
        """Choose the pixels through which each instance is seen: places (M, samples^2 + far)."""
        rows, columns = shape[1:]
        y, x = instances.place // columns % rows, instances.place % columns
        y, x = (self._window(v, instances, size) for v, size in ((y, rows), (x, columns)))
        first = instances.image[:, None, None] * rows * columns
        near = first + y.unsqueeze(2) * columns + x.unsqueeze(1)
        return torch.cat([near.flatten(1), self._far(instances, shape)], 1)

    def _window(self, where: Tensor, instances: _Instances, size: int) -> Tensor:
        """Spread the samples of one axis over each enlarged box, from a random start: (M, S)."""
        count = len(instances.image)
        low = where.new_full((count,), size).scatter_reduce(0, instances.of_pixel, where, 'amin')
        high = where.new_zeros(count).scatter_reduce(0, instances.of_pixel, where, 'amax') + 1
        low, high = (2 * low - high).clamp_min(0), (2 * high - low).clamp_max(size)
        step = torch.arange(self.samples, device=where.device) + torch.rand(
            count, 1, device=where.device)
        return low.unsqueeze(1) + (step * ((high - low) / self.samples).unsqueeze(1)).long()

    def _far(self, instances: _Instances, shape: torch.Size) -> Tensor:
        """Spread samples over the pixels of all instances of each one's image: (M, far)."""
        counts = torch.bincount(instances.place // (shape[1] * shape[2]), minlength=shape[0])
        step = torch.arange(self.far, device=counts.device) + torch.rand(
            shape[0], 1, device=counts.device)
        index = (counts.cumsum(0) - counts).unsqueeze(1) + (
            step * counts.unsqueeze(1) / self.far).long().clamp_max(counts.unsqueeze(1) - 1)
        return instances.place[index.clamp_min(0)][instances.image]


def lovasz_hinge(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Convex surrogate of 1 - IoU of each row: Berman et al. 2018, "The Lovasz-Softmax loss", 3.

    Args:
        logits: float (M, P), positive for members.
        truth: bool (M, P).
        known: bool (M, P); other pixels are ignored.

    Returns:
        float (M,).
    """
    signs = 2. * truth.to(logits.dtype) - 1
    errors = torch.where(known, 1 - logits * signs, -torch.inf)
    errors, order = errors.sort(1, descending=True)
    truth = (truth & known).gather(1, order).to(logits.dtype)
    total = truth.sum(1, keepdim=True)
    loss = 1 - (total - truth.cumsum(1)) / (total + (1 - truth).cumsum(1))
    steps = torch.diff(loss, dim=1, prepend=torch.zeros_like(loss[:, :1]))
    return (errors.clamp_min(0) * steps).sum(1)


def _instances(ids: Tensor) -> _Instances:
    """Return the instances of a batch of ids (N, H, W), numbered from 0."""
    flat = ids.flatten().long()
    place = (flat >= INSTANCE_FACTOR).nonzero().squeeze(1)
    factor = int(flat.max()) + 1
    keys, of_pixel = renumber(place // ids[0].numel() * factor + flat[place], len(ids) * factor)
    number = torch.full_like(flat, -1)
    number[place] = of_pixel
    return _Instances(place, of_pixel, keys // factor, number)


def _means(values: Tensor, instances: _Instances) -> Tensor:
    """Mean over the pixels of each instance: (P, ...) to (M, ...); with gradient."""
    count = torch.bincount(instances.of_pixel).to(values.dtype)
    total = values.new_zeros(len(count), *values.shape[1:])
    total = total.index_add(0, instances.of_pixel, values)
    return total / count.view(-1, *(1,) * (values.ndim - 1))


def _phi(embedding: Tensor, centre: Tensor, log_precision: Tensor) -> Tensor:
    """Probability that a pixel is of a cluster: (..., D), (..., D), (...) to (...)."""
    return (-(embedding - centre).square().sum(-1) * log_precision.exp()).exp()
