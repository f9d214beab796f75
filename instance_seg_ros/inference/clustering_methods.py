# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clustering methods of the embedding branch; a checkpoint names its own."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .learned_seeds import EXTRA_CHANNELS, LearnedSeeds, radius_of, split_outputs
from .mean_shift import MeanShift

METHODS = ('mean_shift', 'learned_seeds')
"""The paper's, and that of Neven et al. (2019)."""
BANDWIDTHS = {'mean_shift': 1.5, 'learned_seeds': 1.}
"""Bandwidth of a checkpoint that names none: embedding units, or a factor on learned radii."""


def branch_channels(method: str, embedding_dims: int) -> int:
    """Return how many channels the embedding branch has."""
    return embedding_dims + (EXTRA_CHANNELS if method == 'learned_seeds' else 0)


def build_clustering(method: str,
                     bandwidth: float | Sequence[float]) -> MeanShift | LearnedSeeds:
    """Return the clustering of a method; bandwidth as the method means it."""
    return {'mean_shift': MeanShift, 'learned_seeds': LearnedSeeds}[method](bandwidth)


def split_branch(method: str, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return embeddings and the radius that a bandwidth of 1 stands for.

    Args:
        method: one of `METHODS`.
        values: float (P, channels), of the embedding branch.

    Returns:
        float (P, D) and (P,): 1 for the mean shift, the learned radius for learned seeds.
    """
    if method == 'mean_shift':
        return values, torch.ones_like(values[:, 0])
    outputs = split_outputs(values)
    return outputs.embedding, radius_of(outputs.log_precision)
