# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Settings as captured work reads them: tensors at fixed addresses on the device."""

from collections.abc import Sequence

import numpy as np
import torch

from .class_groups import Groups, head_of_class
from .mask_geometry import copies_per_cell


class DeviceSettings:
    """What may change between two batches, written in place.

    Attributes:
        rank_of_class: int64 (256,), position of a class channel among the thing classes, -1 where
            it is none of them.
        class_of_rank: int64 (256,), the inverse.
        head_of_class: int64 (256,), the class under which each class is clustered.
        bandwidth: float32 (256,), by rank.
        of_row, of_column: int32 (N, H) and (N, W), how often an image copies each row and column
            of the grid.
        label_ids: uint8 (256,), by class channel.
    """

    def __init__(self, shape: tuple[int, int, int], label_ids: np.ndarray, device: torch.device,
                 groups: Groups = ()):
        """Allocate for a batch of shape (N, H, W); groups as in `class_groups`."""
        count, height, width = shape
        self.rank_of_class = torch.full((256,), -1, device=device)
        self.class_of_rank = torch.zeros(256, dtype=torch.int64, device=device)
        self.head_of_class = torch.arange(256, device=device)
        self.bandwidth = torch.ones(256, device=device)
        self.of_row = torch.ones(count, height, dtype=torch.int32, device=device)
        self.of_column = torch.ones(count, width, dtype=torch.int32, device=device)
        self.label_ids = torch.from_numpy(label_ids).to(device)
        self._shape, self._groups = (height, width), groups
        self._classes: tuple[tuple[float, ...], tuple[int, ...]] | None = None
        self._sizes: list[tuple[int, int] | None] = [None] * count

    def write(self, bandwidths: tuple[float, ...], things: tuple[int, ...],
              sizes: Sequence[tuple[int, int]]) -> None:
        """Write settings to the device where they differ from those written before.

        Args:
            bandwidths: of each of the `things`.
            things: class channels that are separated into instances.
            sizes: (width, height) of the first images of the batch, the rest of which is padding.
        """
        if self._classes != (bandwidths, things):
            self._classes = None        # until all is written: an error may come in between
            rank, channel = torch.full((256,), -1), torch.tensor(things, dtype=torch.int64)
            rank[channel] = torch.arange(len(things))
            self.rank_of_class.copy_(rank)
            self.class_of_rank[:len(things)].copy_(channel)
            self.head_of_class.copy_(head_of_class(self._groups, things))
            self.bandwidth[:len(things)].copy_(torch.tensor(bandwidths))
            self._classes = bandwidths, things
        for n, size in enumerate(sizes):
            if self._sizes[n] != size:
                self._write_size(n, size)

    def _write_size(self, n: int, size: tuple[int, int]) -> None:
        self._sizes[n] = None
        of_row, of_column = copies_per_cell(self._shape, size)
        self.of_row[n].copy_(torch.from_numpy(of_row))
        self.of_column[n].copy_(torch.from_numpy(of_column))
        self._sizes[n] = size
