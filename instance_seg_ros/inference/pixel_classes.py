# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Class of each pixel and its probability; pixels without finite logits have none."""

import torch
from torch import Tensor

from .pixel_bands import row_bands

INVALID_CLASS = 255
"""Class channel of a pixel whose logits are not finite; never a thing class."""


def class_of_pixels(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the class channels of one image and which pixels are invalid.

    Args:
        logits: float (K, H, W).

    Returns:
        int64 (H, W), `INVALID_CLASS` where invalid, and bool (H, W).
    """
    strongest, class_index = logits.max(0)
    invalid = ~torch.isfinite(strongest)      # NaN wins every maximum, and so does infinity
    return class_index.masked_fill_(invalid, INVALID_CLASS), invalid


def classify_batch(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return class channels and probabilities of a batch, without host synchronisation.

    Args:
        logits: float (N, K, H, W), K below 255.

    Returns:
        uint8 (N, H, W), `INVALID_CLASS` where the logits are not finite, and the probability of
        that class, float32 (N, H, W), 0 there.
    """
    count, channels, height, width = logits.shape
    class_index = logits.new_empty((count, height, width), dtype=torch.uint8)
    probability = logits.new_empty((count, height, width), dtype=torch.float32)
    for rows in row_bands(height, width, bytes_per_pixel=8 * channels):
        values = logits[:, :, rows].float()                             # (N, K, h, W)
        strongest, channel = values.max(1, keepdim=True)                # (N, 1, h, W)
        class_index[:, rows] = channel.squeeze(1)
        probability[:, rows] = (values - strongest).exp_().sum(1).reciprocal_()
    invalid = ~(probability > 0)              # infinity minus infinity is NaN
    return (class_index.masked_fill_(invalid, INVALID_CLASS),
            probability.masked_fill_(invalid, 0.))
