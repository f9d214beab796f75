# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The frames with the most mistakes, as images: predictions above, ground truth below."""
from __future__ import annotations

import heapq
from pathlib import Path

import cv2
import numpy as np

from ..core.instances import InstanceMap
from ..core.labels import LabelSet
from ..perception.overlay import draw_overlay
from .frames import TruthFrame

_WIDEST = 2048     # columns of an image that is kept


class Worst:
    """Keeps the `keep` frames with the most mistakes: truths missed plus predictions too many."""

    def __init__(self, keep: int = 10) -> None:
        """Start with none."""
        self._keep = keep
        self._heap: list[tuple[int, int, str, np.ndarray]] = []
        self._count = 0

    def add(self, frame: TruthFrame, found: InstanceMap, mistakes: int) -> None:
        """Add a frame; its image is drawn only if it is among the worst so far."""
        self._count += 1
        if len(self._heap) == self._keep and mistakes <= self._heap[0][0]:
            return
        image = np.vstack([_reduced(draw_overlay(frame.sample.image, drawn))
                           for drawn in (found, truth_map(frame, found.label_set))])
        item = (mistakes, self._count, frame.sample.name, image)
        if len(self._heap) < self._keep:
            heapq.heappush(self._heap, item)
        else:
            heapq.heapreplace(self._heap, item)

    def write(self, folder: Path) -> list[Path]:
        """Write the images, worst first; returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for rank, (mistakes, _, name, image) in enumerate(sorted(self._heap, reverse=True)):
            stem = Path(name).stem
            paths.append(folder / f'worst_{rank + 1:02d}_{stem}_{mistakes}_mistakes.png')
            cv2.imwrite(str(paths[-1]), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        return paths


def _reduced(image: np.ndarray) -> np.ndarray:
    """Scale an image down to at most `_WIDEST` columns."""
    scale = _WIDEST / image.shape[1]
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def truth_map(frame: TruthFrame, label_set: LabelSet) -> InstanceMap:
    """Return the separated instances of a frame in the form of a segmenter's result."""
    ids = np.where(frame.ids >= 1000, frame.ids, 0)
    known = np.isin(ids // 1000, label_set.ids)
    return InstanceMap.from_masks(label_set, np.zeros(ids.shape, np.uint8),
                                  np.where(known, ids, 0).astype(np.uint16))
