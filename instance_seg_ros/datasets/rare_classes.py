# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How often to draw each image, so that rare classes are seen."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

RAREST = .005
"""Rarer classes count as this rare: a handful of images must not fill a run."""


def classes_shown(class_maps: Iterable[np.ndarray], classes: int) -> np.ndarray:
    """Return which classes each class map, uint8 (H, W), shows: bool (N, classes)."""
    return np.array([np.bincount(one.ravel(), minlength=256)[:classes] > 0 for one in class_maps])


def repeat_factors(shown: Sequence[np.ndarray], often: Sequence[float],
                   rare_below: float) -> list[np.ndarray]:
    """Return how often to draw each image of each source, by the rarest class in it.

    A class that a share f of the drawn images shows asks for sqrt(rare_below / f): Gupta, Dollar,
    Girshick, "LVIS" (2019), section 4; f is over all sources together.

    Args:
        shown: by source, bool (N, K).
        often: how often each source is drawn, relative to the others.
        rare_below: share under which a class is rare; 0: all images alike.

    Returns:
        By source, float (N,) from 1 on.
    """
    weight = np.array(often) / np.sum(often)
    share = sum(w * rows.mean(0) for w, rows in zip(weight, shown, strict=True))
    asked = np.sqrt(rare_below / np.maximum(share, RAREST))
    return [np.maximum(1., (rows * asked).max(1)) for rows in shown]
