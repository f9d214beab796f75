# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The discriminative loss (De Brabandere et al., section 2), exact and without loops."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..core.labels import INSTANCE_FACTOR

_TINY = 1e-24  # below the square of any distance that matters; keeps sqrt's gradient finite


class LossTerms(NamedTuple):
    """The loss and the three terms it is made of; scalars, float32 or float64."""

    total: Tensor
    variance: Tensor
    distance: Tensor
    regularization: Tensor


@dataclass(frozen=True)
class _Segments:
    """The instances of a batch, numbered 0 to M-1, and the (image, class) group of each."""

    of_pixel: Tensor       # (P,) instance of each instance pixel
    group: Tensor          # (M,) group of each instance
    group_size: Tensor     # (G,) instances in each group
    group_weight: Tensor   # (G,) 1 / (images * groups in the same image)


class DiscriminativeLoss(nn.Module):
    """Pull a pixel to its instance's mean, push the means of a class apart.

    With C instances of one class in one image, N_c pixels x_i and mean mu_c in each:

        variance       = 1/C        sum_c  1/N_c sum_i [ |mu_c - x_i| - margin_variance ]+^2
        distance       = 1/(C(C-1)) sum_{a != b} [ 2 margin_distance - |mu_a - mu_b| ]+^2
        regularization = 1/C        sum_c  |mu_c|

    averaged over the classes that occur in an image, then over the images. An image without
    instances contributes 0; a class with one instance has no distance term. The means are
    part of the gradient. (The paper's text says 2 delta_v where its formula and its claim
    about the converged state need 2 delta_d; this is the formula.)
    """

    def __init__(self, margin_variance: float = 0.5, margin_distance: float = 1.5,
                 variance_weight: float = 1.0, distance_weight: float = 1.0,
                 regularization_weight: float = 0.001):
        """Defaults are the paper's: delta_v, delta_d, alpha, beta, gamma."""
        super().__init__()
        self.margin_variance, self.margin_distance = margin_variance, margin_distance
        self.weights = (variance_weight, distance_weight, regularization_weight)

    def forward(self, embeddings: Tensor, instance_ids: Tensor) -> LossTerms:
        """Compare embeddings with the instances they should form.

        Args:
            embeddings: float (N, D, H, W); half precision is accumulated in float32.
            instance_ids: integer (N, H, W), label id * 1000 + number; smaller values (background,
                void, groups) take no part.

        Raises:
            ValueError: when the shapes of embeddings and instance ids do not match.
        """
        if embeddings.shape[:1] + embeddings.shape[2:] != instance_ids.shape:
            raise ValueError(f'embeddings {tuple(embeddings.shape)} and instance ids '
                             f'{tuple(instance_ids.shape)} are not of the same images')
        with torch.autocast(embeddings.device.type, enabled=False):
            return self._terms(embeddings, instance_ids)

    def _terms(self, embeddings: Tensor, instance_ids: Tensor) -> LossTerms:
        inside = instance_ids >= INSTANCE_FACTOR
        pixels = embeddings.permute(0, 2, 3, 1)[inside]
        pixels = pixels if pixels.dtype == torch.float64 else pixels.float()
        if not len(pixels):
            zero = pixels.sum() + embeddings.flatten()[:0].sum()
            return LossTerms(zero, zero, zero, zero)
        segments = _segments(instance_ids, inside, pixels.dtype)
        counts = torch.bincount(segments.of_pixel).to(pixels.dtype)
        means = pixels.new_zeros(len(counts), pixels.shape[1])
        means = means.index_add(0, segments.of_pixel, pixels) / counts.unsqueeze(1)
        # Weight of an instance in an average over its group: 1/C, times the group's own weight.
        share = (segments.group_weight / segments.group_size)[segments.group]
        terms = (self._variance(pixels, means, counts, segments, share),
                 self._distance(means, segments),
                 (_norm(means) * share).sum())
        return LossTerms(sum(w * t for w, t in zip(self.weights, terms, strict=True)), *terms)

    def _variance(self, pixels, means, counts, segments, share):
        distance = _norm(pixels - means[segments.of_pixel])
        hinged = (distance - self.margin_variance).clamp_min(0).square()
        return (hinged * (share / counts)[segments.of_pixel]).sum()

    def _distance(self, means, segments):
        same_group = segments.group.unsqueeze(0) == segments.group.unsqueeze(1)
        a, b = torch.triu(same_group, 1).nonzero(as_tuple=True)
        hinged = (2 * self.margin_distance - _norm(means[a] - means[b])).clamp_min(0).square()
        size = segments.group_size
        weight = segments.group_weight * 2 / (size * (size - 1)).clamp_min(1)
        return (hinged * weight[segments.group[a]]).sum()


def _norm(x: Tensor) -> Tensor:
    """L2 norm of the rows, (n, D) to (n,), with gradient 0 instead of NaN at 0."""
    return x.square().sum(1).clamp_min(_TINY).sqrt()


def _segments(instance_ids: Tensor, inside: Tensor, dtype: torch.dtype) -> _Segments:
    images = len(instance_ids)
    ids = instance_ids[inside].long()
    image = inside.flatten(1).sum(1)
    image = torch.repeat_interleave(torch.arange(images, device=ids.device), image)
    factor = int(ids.max()) + 1
    # Numbering by a table of occurring keys is linear; torch.unique would sort every pixel.
    keys, of_pixel = renumber(image * factor + ids, images * factor)
    classes = factor // INSTANCE_FACTOR + 1
    group_keys, group = renumber(
        keys // factor * classes + keys % factor // INSTANCE_FACTOR, images * classes)
    group_image = group_keys // classes
    groups_in_image = torch.bincount(group_image, minlength=images)[group_image]
    weight = 1.0 / (images * groups_in_image.to(dtype))
    return _Segments(of_pixel, group, torch.bincount(group).to(dtype), weight)


def renumber(keys: Tensor, end: int) -> tuple[Tensor, Tensor]:
    """Return the distinct values of `keys` (all below `end`), sorted, and each key's place."""
    table = torch.zeros(end, dtype=torch.long, device=keys.device)
    table[keys] = 1
    distinct = table.nonzero().squeeze(1)
    table[distinct] = torch.arange(len(distinct), device=keys.device)
    return distinct, table[keys]
