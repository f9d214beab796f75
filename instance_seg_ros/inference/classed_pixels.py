# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pixels of a batch with their classes and bandwidths, and a sample of them as points."""

from typing import NamedTuple

import torch
from torch import Tensor

from .device_settings import DeviceSettings
from .even_sampling import even_indices
from .mean_shift import LARGEST_COORDINATE


class ClassedPixels(NamedTuple):
    """Pixels of a batch in embedding space.

    Attributes:
        embeddings: float (N, D, H, W).
        rank: int16 (N, H, W), of the pixel's class among the thing classes, -1 = none.
        bandwidth: float32 (N, H, W), of the pixel's class.
        norm: float32 (N, H, W), length of the pixel's embedding in bandwidths.
        valid: bool (N, H, W), of a thing class and finite.
    """

    embeddings: Tensor
    rank: Tensor
    bandwidth: Tensor
    norm: Tensor
    valid: Tensor


def classed_pixels(embeddings: Tensor, class_index: Tensor,
                   settings: DeviceSettings) -> ClassedPixels:
    """Return the pixels of embeddings (N, D, H, W) and class channels (N, H, W)."""
    rank = settings.rank_of_class[class_index.long()].short()
    bandwidth = settings.bandwidth[rank.clamp_min(0).long()]
    norm = torch.linalg.vector_norm(embeddings, dim=1, dtype=torch.float32) / bandwidth
    valid = (rank >= 0) & (norm <= LARGEST_COORDINATE)        # not NaN either
    return ClassedPixels(embeddings, rank, bandwidth, norm, valid)


def sample_points(pixels: ClassedPixels, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Choose among the valid pixels evenly over their order.

    Returns:
        Points float32 (N, count, D + 1), in bandwidths, with a last coordinate that keeps classes
        three bandwidths and more apart; which are real, bool (N, count); pixels each stands for,
        float32 (N).
    """
    index, total = even_indices(pixels.valid.flatten(1), count)                 # (N, S), (N, 1)
    image = torch.arange(len(index), device=index.device).unsqueeze(1)
    y, x = index // pixels.rank.shape[2], index % pixels.rank.shape[2]
    values = pixels.embeddings.permute(0, 2, 3, 1)[image, y, x].float()         # (N, S, D)
    values = values / pixels.bandwidth[image, y, x].unsqueeze(2)
    points = torch.cat([values, 3. * pixels.rank[image, y, x].unsqueeze(2)], 2)  # (N, S, D + 1)
    real = torch.arange(count, device=index.device) < total
    stride = (total.squeeze(1) / count).clamp_min(1.)
    return points.masked_fill(~real.unsqueeze(2), 0.), real, stride
