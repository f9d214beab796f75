# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks of one task, scored by themselves: classes alone, or embeddings alone.

The segmenter wants both, so a stub with constant outputs replaces the other network;
the predictor then leaves out whatever would depend on it.
"""
from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from ..inference.checkpoint import Checkpoint, default_checkpoint
from ..inference.clustering_methods import branch_channels
from ..inference.segmenter import InstanceSegmenter
from .predictors import Predictor

OTHER = {'semantic': 'embedding', 'embedding': 'semantic'}


class Zeros(nn.Module):
    """One map of zeros, of the size of the images."""

    def __init__(self, channels: int) -> None:
        """Take the number of channels."""
        super().__init__()
        self.channels = channels

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Map images (N, 3, H, W) to zeros (N, channels, H, W)."""
        return (images.new_zeros(len(images), self.channels, *images.shape[2:]),)


class StandIn(Checkpoint):
    """In place of the network for the task that another one is not for; it sees the same."""

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> StandIn:
        """Return the missing counterpart of a checkpoint of one task."""
        return cls(**vars(checkpoint) | {'task': OTHER[checkpoint.task], 'state': {}})

    def build(self) -> nn.Module:
        """Build zeros of the channels that the task has."""
        embedding = branch_channels(self.method, self.embedding_dims)
        return Zeros(embedding if self.task == 'embedding' else len(self.label_set))


def open_predictor(path: Path | None = None, semantic_checkpoint: Path | None = None,
                   **options) -> Predictor:
    """Load a checkpoint of any task.

    Args:
        path: of the checkpoint; the shipped one when None.
        semantic_checkpoint: as `InstanceSegmenter` takes it.
        **options: as `InstanceSegmenter` takes them.
    """
    checkpoint = Checkpoint.load(path or default_checkpoint())
    if semantic_checkpoint is None:
        return predictor_of(checkpoint, **options)
    return Predictor(InstanceSegmenter(checkpoint, semantic_checkpoint=semantic_checkpoint,
                                       **options))


def predictor_of(checkpoint: Checkpoint, **options) -> Predictor:
    """Return what scores one checkpoint of any task; options of `InstanceSegmenter`."""
    if checkpoint.task == 'both':
        return Predictor(InstanceSegmenter(checkpoint, **options))
    pair = {checkpoint.task: checkpoint, OTHER[checkpoint.task]: StandIn.of(checkpoint)}
    return Predictor(InstanceSegmenter(pair['embedding'], semantic_checkpoint=pair['semantic'],
                                       **options), task=checkpoint.task)
