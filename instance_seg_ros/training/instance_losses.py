# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The loss of the embedding branch for each clustering method, on batches of the stream."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ..core.labels import IGNORE_INDEX, LabelSet
from ..datasets.class_sets import FIRST_CODE, set_members
from .discriminative_loss import DiscriminativeLoss
from .recipe import Recipe
from .seed_loss import SeedLoss

Terms = tuple[Tensor, dict[str, Tensor]]
"""The loss, and the terms to be logged by name; scalars."""


def instance_loss(recipe: Recipe) -> nn.Module:
    """Return the loss of the recipe's method; called with the branch's outputs and a batch."""
    if recipe.method == 'learned_seeds':
        return LearnedSeedsLoss(LabelSet.of(recipe.label_set))
    return MeanShiftLoss(recipe.margin_variance, recipe.margin_distance)


class MeanShiftLoss(DiscriminativeLoss):
    """The paper's loss on a batch."""

    def forward(self, embeddings: Tensor, batch: dict[str, Tensor]) -> Terms:
        """Return the loss of embeddings float (N, D, H, W) and its two main terms."""
        terms = super().forward(embeddings, batch['instances'])
        return terms.total, {'variance': terms.variance, 'distance': terms.distance}


class LearnedSeedsLoss(SeedLoss):
    """The loss of learned seeds on a batch; pixels of things without an instance are ignored."""

    def __init__(self, label_set: LabelSet) -> None:
        """Keep which classes have instances."""
        super().__init__()
        stuff = torch.zeros(IGNORE_INDEX + 1, dtype=torch.bool)
        stuff[:len(label_set)] = True
        stuff[list(label_set.thing_indices)] = False
        members = torch.from_numpy(set_members(label_set))
        stuff[FIRST_CODE:FIRST_CODE + len(members)] = ~members[:, label_set.thing_indices].any(1)
        self.register_buffer('stuff', stuff, persistent=False)
        self._things = list(label_set.thing_indices)
        self._rest = label_set.names.index(label_set.rest) if label_set.rest else IGNORE_INDEX

    def forward(self, outputs: Tensor, batch: dict[str, Tensor]) -> Terms:
        """Return the loss of outputs float (N, D + 2, H, W) and its three terms."""
        background = self.stuff[batch['classes']] & (batch['instances'] == 0)
        if 'labelled' in batch:
            background &= ~self._may_be_things(batch['classes'], batch['labelled'])
        terms = super().forward(outputs, batch['instances'], background)
        return terms.total, {'overlap_instances': terms.overlap, 'seed': terms.seed,
                             'smoothness': terms.smoothness}

    def _may_be_things(self, classes: Tensor, labelled: Tensor) -> Tensor:
        """Mark pixels outside the annotated objects of a source that lacks a class of things."""
        partial = ~labelled[:, self._things].all(1)
        return (classes == self._rest) & partial[:, None, None]
