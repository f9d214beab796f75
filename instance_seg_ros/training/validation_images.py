# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images of a network's classes, embeddings and clusters."""
from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ..core.labels import LabelSet
from ..datasets.sample import IGNORE, Sample


def validation_image(sample: Sample, classes: np.ndarray, label_set: LabelSet,
            embeddings: Tensor | None = None, numbers: np.ndarray | None = None) -> np.ndarray:
    """Image, its classes, embeddings (first three principal components), clusters, in a row.

    Args:
        sample: with the image.
        classes: uint8 (H, W), 255 = none.
        label_set: of the classes.
        embeddings: (D, H, W); None for a network without them.
        numbers: (H, W); None for a network without them.
    """
    colours = np.zeros((IGNORE + 1, 3), np.uint8)
    colours[:len(label_set.ids)] = label_set.color_table[label_set.ids]
    parts = [sample.image, (sample.image // 2 + colours[classes] // 2).astype(np.uint8)]
    if embeddings is not None:
        palette = np.random.default_rng(1).integers(60, 255, (256, 3)).astype(np.uint8)
        palette[0] = 0
        things = np.isin(classes, label_set.thing_indices)
        parts += [principal(embeddings, things), palette[numbers % 256]]
    return np.hstack([cv2.resize(part, (384, 192)) for part in parts])


def principal(embeddings: Tensor, mask: np.ndarray) -> np.ndarray:
    """Project (D, H, W) embeddings to uint8 (H, W, 3); the axes are those of the mask's pixels."""
    points = embeddings.flatten(1).T.float()
    chosen = torch.from_numpy(mask.ravel()).to(points.device)
    chosen = points[chosen] if chosen.sum() > 10 else points
    centre = chosen.mean(0)
    axes = torch.linalg.svd((chosen - centre).T @ (chosen - centre))[0][:, :3]
    shown = (points - centre) @ axes
    ends = torch.tensor([.02, .98], device=points.device)
    low, high = torch.quantile((chosen - centre)[:20000] @ axes, ends, 0)
    shown = ((shown - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    result = (255 * shown).byte().cpu().numpy().reshape(*mask.shape, 3)
    return np.where(mask[..., None], result, result // 4)
