# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The class losses, exact over several processes, and labels at the encoder's size."""
from __future__ import annotations

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional as F

from ..core.labels import IGNORE_INDEX
from ..datasets.class_sets import FIRST_CODE


class ClassLoss(nn.Module):
    """Class-weighted cross-entropy: the weighted mean over all known pixels of the batch.

    A label for a set of classes is learned by the summed probability of the set, with
    the mean weight of its classes. A batch that is split among processes counts as one: the mean
    of the processes' losses is the loss of the whole.

    Args:
        weights: float (K,).
        members: bool (S, K), classes of each set of `CLASS_SETS`.
    """

    def __init__(self, weights: Tensor, members: Tensor | None = None) -> None:
        """Keep the weights out of checkpoints: they follow from recipe and data."""
        super().__init__()
        members = torch.zeros(0, len(weights)) if members is None else members.to(weights.dtype)
        of_set = members @ weights / members.sum(1).clamp_min(1)
        self.register_buffer('weights', weights, persistent=False)
        self.register_buffer('set_weights', of_set, persistent=False)
        self.register_buffer('outside', members.log(), persistent=False)    # 0 or -inf

    def forward(self, logits: Tensor, classes: Tensor, share: Tensor) -> Tensor:
        """Score logits for classes.

        Args:
            logits: (N, K, H, W).
            classes: int64 (N, H, W), 255 = unknown.
            share: float (N,), how much each image counts.
        """
        weights, share = self.weights.float(), share.view(-1, 1, 1)
        known = classes < len(weights)
        loss = F.cross_entropy(logits.float(), classes.where(known, IGNORE_INDEX), weights,
                               ignore_index=IGNORE_INDEX, reduction='none')
        counted = torch.where(known, weights[classes.clamp_max(len(weights) - 1)], 0.) * share
        of_sets, counted_sets = self._sets(logits, classes, share)
        total = mean_over_processes(counted.sum() + counted_sets).clamp_min(1.)
        return ((loss * share).sum() + of_sets) / total

    def _sets(self, logits: Tensor, classes: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted loss of the pixels labelled with sets, and their weight."""
        code = classes - FIRST_CODE
        inside = (code >= 0) & (code < len(self.outside))
        code, pixels = code[inside], logits.permute(0, 2, 3, 1)[inside].float()    # (P, K)
        loss = pixels.logsumexp(1) - (pixels + self.outside[code]).logsumexp(1)
        weight = self.set_weights[code].float() * share.expand(classes.shape)[inside]
        return (loss * weight).sum(), weight.sum()


class OverlapLoss(nn.Module):
    """1 - IoU of soft masks, averaged over the classes that the batch shows (soft Jaccard).

    What cross-entropy gives up for the many pixels of large classes counts here in full: a class
    of few pixels weighs as much as the road. Rahman and Wang, "Optimizing Intersection-Over-Union
    in Deep Neural Networks for Image Segmentation" (2016), eq. 3 and 4, with classes instead of
    an object. A batch that is split among processes counts as one.
    """

    def forward(self, logits: Tensor, classes: Tensor, share: Tensor) -> Tensor:
        """Score logits for classes.

        Args:
            logits: (N, K, H, W).
            classes: int64 (N, H, W), 255 = unknown.
            share: float (N,), how much each image counts.
        """
        known = (classes < logits.shape[1]) * share.view(-1, 1, 1)
        soft = logits.float().softmax(1) * known[:, None]
        index = classes.clamp_max(logits.shape[1] - 1)[:, None]
        own = soft.gather(1, index).flatten()
        nothing = own.new_zeros(logits.shape[1])
        hit = nothing.index_add(0, index.flatten(), own)
        truth = nothing.index_add(0, index.flatten(), known.flatten())
        hit, truth, guessed = _sum_over_processes(torch.stack((hit, truth, soft.sum((0, 2, 3)))))
        iou = hit / (truth + guessed - hit).clamp_min(1e-6)
        shown = truth > 0
        return torch.where(shown, 1 - iou, 0.).sum() / shown.sum().clamp_min(1)


def _sum_over_processes(value: Tensor) -> Tensor:
    """Return the sum of what each process has; the gradient goes back to all of them."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return value
    return all_reduce(value)


def mean_over_processes(value: Tensor) -> Tensor:
    """Return the mean of a number that each process has; without gradient."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return value
    value = value.detach().clone()
    distributed.all_reduce(value)
    return value / distributed.get_world_size()


def coarse_labels(classes: Tensor, size: tuple[int, int], factor: int = 8) -> Tensor:
    """Take the label in the middle of each cell of factor x factor pixels.

    Args:
        classes: int64 (N, H, W).
        size: (rows, columns) of cells; those beyond the image are unknown (255).
        factor: side of a cell in pixels.

    Returns:
        int64 (N, rows, columns).
    """
    rows, columns = size
    below, right = rows * factor - classes.shape[1], columns * factor - classes.shape[2]
    padded = F.pad(classes, (0, right, 0, below), value=IGNORE_INDEX)
    return padded[:, factor // 2::factor, factor // 2::factor]
