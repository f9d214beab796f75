# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sources that label only some of the classes: they do not teach that the others are absent."""
from __future__ import annotations

import torch
from torch import Tensor


def without_unlabelled(logits: Tensor, classes: Tensor, labelled: Tensor) -> Tensor:
    """Exclude the classes that an image's source does not label from the softmax of its pixels.

    An excluded class has no gradient there. Pixels whose own class is not labelled by the source,
    such as those of an object that was pasted from another one, keep all classes.

    Args:
        logits: float (N, K, H, W).
        classes: int64 (N, H, W); values of K and more are no single class.
        labelled: bool (N, K).

    Returns:
        float32 (N, K, H, W), -inf where a class is excluded.
    """
    known = classes < logits.shape[1]
    index = torch.where(known, classes, 0)
    own = labelled.gather(1, index.flatten(1)).view(classes.shape)      # (N, H, W)
    foreign = known & ~own
    kept = labelled[:, :, None, None] | foreign[:, None]                # (N, K, H, W)
    return logits.float().masked_fill(~kept, -torch.inf)
