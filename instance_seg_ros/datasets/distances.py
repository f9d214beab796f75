# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Distances of instances from disparity images, as Cityscapes publishes them."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from .sample import read_map


def instance_distances(disparity: Path, camera: Path,
                       ids: np.ndarray) -> dict[int, tuple[float, float]] | None:
    """Return the median distance of each instance; None when either file is missing.

    Args:
        disparity: 16-bit PNG of p; the disparity is d = (p - 1) / 256 pixels for p > 0.
        camera: JSON with extrinsic.baseline in metres and intrinsic.fx in pixels.
        ids: integer (H, W), label id * 1000 + number for instances.

    Returns:
        Instance id to (baseline * fx / d in metres, share of its pixels with a disparity).
    """
    if not (disparity.is_file() and camera.is_file()):
        return None
    stored = read_map(disparity).astype(np.float64)
    factor = _baseline_times_focal_length(camera)
    known = stored > 1
    metres = np.where(known, factor * 256 / np.maximum(stored - 1, 1e-9), np.inf)
    result = {}
    for value in np.unique(ids[ids >= 1000]):
        inside = ids == value
        seen = metres[inside & known]
        share = seen.size / np.count_nonzero(inside)
        result[int(value)] = (float(np.median(seen)) if seen.size else -1., share)
    return result


def _baseline_times_focal_length(camera: Path) -> float:
    try:
        data = json.loads(camera.read_text())
        return data['extrinsic']['baseline'] * data['intrinsic']['fx']
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f'{camera}: no camera description ({error!r})') from error
