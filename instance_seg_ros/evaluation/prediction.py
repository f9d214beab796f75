# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A predicted instance, of which only the part inside its box is kept."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Window = tuple[slice, slice]
"""Rows and columns of a box."""


class Prediction:
    """One predicted instance.

    Nine variants of a frame of 18 megapixels with fifty objects would be 16 GB of full masks.

    Attributes:
        label_id: of Cityscapes, or of the label set that is scored.
        confidence: 0 to 1.
        shape: (H, W) of the image.
        window: box around the mask; empty for an empty mask.
        part: bool, the mask inside the window.
    """

    __slots__ = ('confidence', 'label_id', 'part', 'shape', 'window')

    def __init__(self, label_id: int, confidence: float, mask: np.ndarray) -> None:
        """Take the mask, bool (H, W)."""
        self.label_id, self.confidence, self.shape = label_id, confidence, mask.shape
        self.window = box_of(mask)
        self.part = mask[self.window].copy()

    @classmethod
    def in_window(cls, label_id: int, confidence: float, shape: tuple[int, int], window: Window,
                  part: np.ndarray) -> Prediction:
        """Make one of a mask that is False outside a window."""
        made = cls.__new__(cls)
        made.label_id, made.confidence = label_id, confidence
        made.shape, made.window, made.part = shape, window, part
        return made

    def with_confidence(self, confidence: float) -> Prediction:
        """Return the same mask with another confidence."""
        return self.in_window(self.label_id, confidence, self.shape, self.window, self.part)

    @property
    def mask(self) -> np.ndarray:
        """The mask as a new bool (H, W)."""
        mask = np.zeros(self.shape, bool)
        mask[self.window] = self.part
        return mask

    def count(self, index: np.ndarray, number: int) -> np.ndarray:
        """Count the pixels of each of ``number`` values of ``index`` (H, W) inside the mask."""
        return np.bincount(index[self.window][self.part], minlength=number)


def box_of(mask: np.ndarray) -> Window:
    """Return the smallest window that contains all of a mask, bool (H, W)."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return np.s_[0:0, 0:0]
    return np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def boxes_of(ids: np.ndarray) -> Iterator[tuple[int, Window]]:
    """Yield each value above 0 of an integer image (H, W), and its window, in one pass."""
    from scipy.ndimage import find_objects

    table = np.bincount(ids.ravel().clip(0)) > 0        # by value; sorting pixels takes seconds
    table[0] = False
    values = np.flatnonzero(table)
    numbers = np.zeros(len(table), np.int32)
    numbers[values] = np.arange(1, len(values) + 1)
    yield from zip(values.tolist(), find_objects(numbers[ids.clip(0)]), strict=True)
