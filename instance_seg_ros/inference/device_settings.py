# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Settings as captured work reads them: tensors at fixed addresses on the device."""

import numpy as np
import torch

from .mask_geometry import copies_per_cell


class DeviceSettings:
    """What may change between two batches, written in place.

    Attributes:
        rank_of_class: int64 (256,), position of a class channel among the thing classes, -1 where
            it is none of them.
        class_of_rank: int64 (256,), the inverse.
        bandwidth: float32 (256,), by rank.
        of_row, of_column: float32 (N, H) and (N, W), how often an image copies each row and column
            of the grid.
        label_ids: uint8 (K,), by class channel.
    """

    def __init__(self, shape: tuple[int, int, int], label_ids: np.ndarray, device: torch.device):
        """Allocate for a batch of shape (N, H, W)."""
        count, height, width = shape
        self.rank_of_class = torch.full((256,), -1, device=device)
        self.class_of_rank = torch.zeros(256, dtype=torch.int64, device=device)
        self.bandwidth = torch.ones(256, device=device)
        self.of_row = torch.ones(count, height, device=device)
        self.of_column = torch.ones(count, width, device=device)
        self.label_ids = torch.from_numpy(label_ids).to(device)
        self._shape, self._written = (height, width), None

    def write(self, bandwidths: tuple[float, ...], things: tuple[int, ...],
              sizes: tuple[tuple[int, int], ...]):
        """Write settings to the device where they differ from those written before.

        Args:
            bandwidths: of each of the `things`.
            things: class channels that are separated into instances.
            sizes: (width, height) of each image of the batch.
        """
        if self._written == (bandwidths, things, sizes):
            return
        rank, channel = torch.full((256,), -1), torch.tensor(things, dtype=torch.int64)
        rank[channel] = torch.arange(len(things))
        self.rank_of_class.copy_(rank)
        self.class_of_rank[:len(things)].copy_(channel)
        self.bandwidth[:len(things)].copy_(torch.tensor(bandwidths))
        for n, size in enumerate(sizes):
            of_row, of_column = copies_per_cell(self._shape, size)
            self.of_row[n].copy_(torch.from_numpy(of_row))
            self.of_column[n].copy_(torch.from_numpy(of_column))
        self._written = bandwidths, things, sizes     # last: an error above leaves it unset
