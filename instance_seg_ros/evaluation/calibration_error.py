# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Expected calibration error: how far scores are from the share of predictions that are right."""
from __future__ import annotations

import numpy as np

BINS = 10


def calibration_error(scores: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error (Guo et al., ICML 2017, section 2, equation 3).

    Args:
        scores: float (N,), 0 to 1.
        right: bool (N,).

    Returns:
        The mean over all predictions of the difference between mean score and share of right ones
        in the same of ten equal bins, 0 to 1; NaN without predictions.
    """
    if not len(scores):
        return float('nan')
    bins = np.minimum((np.asarray(scores) * BINS).astype(int), BINS - 1)
    excess = np.asarray(scores, float) - np.asarray(right, float)
    return float(np.abs(np.bincount(bins, excess)).sum() / len(scores))
