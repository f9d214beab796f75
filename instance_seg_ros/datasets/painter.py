# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the objects or label image of a source to the maps of a sample."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.labels import INSTANCE_FACTOR
from .class_map import ClassMap
from .sample import IGNORE, Sample

BACKGROUND_ID = 65
"""Truth of pixels outside all objects where a source annotates objects alone: none of the classes
that it labels. No label has this id."""


@dataclass(frozen=True)
class Segment:
    """Meaning of a value of a label image.

    Attributes:
        category: the source's class, None for void.
        number: of the instance, None for stuff and groups.
        crowd: several objects that are not separated; ignored.
    """

    category: str | None
    number: int | None = None
    crowd: bool = False


class Painter:
    """Collects class and instance of every pixel of one image."""

    def __init__(self, shape: tuple[int, int], class_map: ClassMap) -> None:
        """Start with an empty image of `shape` (height, width).

        Pixels that nothing is painted over become the label set's class for the rest; without
        one they are ignored in training, and background in scoring.
        """
        self.shape = shape
        self._map = class_map
        self._classes = np.full(shape, IGNORE, np.uint8)
        self._instances = np.zeros(shape, np.uint16)
        self._open = np.ones(shape, bool)
        self._counts: Counter[int] = Counter()

    def add(self, mask: np.ndarray, segment: Segment) -> None:
        """Paint a segment over the pixels of `mask`, bool (H, W)."""
        channel, instance = self._value(segment)
        self._classes[mask], self._instances[mask], self._open[mask] = channel, instance, False

    def add_values(self, values: np.ndarray,
                   describe: Callable[[int], Segment | None]) -> None:
        """Paint a label image, integer (H, W).

        `describe` returns the meaning of each value; None leaves its pixels as they are.
        """
        if values.shape != self.shape:
            raise ValueError(f'labels of {values.shape[1]} x {values.shape[0]} for an image of '
                             f'{self.shape[1]} x {self.shape[0]}')
        present, index = np.unique(values, return_inverse=True)
        segments = [describe(int(value)) for value in present]
        table = [(IGNORE, 0) if s is None else self._value(s) for s in segments]
        index = index.reshape(values.shape)
        painted = np.array([s is not None for s in segments])[index]
        classes = np.array([c for c, _ in table], np.uint8)[index]
        instances = np.array([i for _, i in table], np.uint16)[index]
        self._classes[painted], self._instances[painted] = classes[painted], instances[painted]
        self._open &= ~painted

    def _value(self, segment: Segment) -> tuple[int, int]:
        """Return the channel and the instance id of a segment."""
        label = None if segment.category is None else self._map.label(segment.category)
        if label is None or segment.crowd:
            return IGNORE, 0
        channel = self._map.label_set.index_of_id(label.id)
        if not label.has_instances or segment.number is None:
            return channel, 0
        return channel, self._instance(label.id, segment.number)

    def _instance(self, label_id: int, number: int) -> int:
        """Return an id; those that are not tracks (number < 0) are counted through."""
        if number < 0:
            number = self._counts[label_id]
            self._counts[label_id] += 1
        # More than an id can number: their class is known, their borders are not.
        return label_id * INSTANCE_FACTOR + number if number < INSTANCE_FACTOR else 0

    def sample(self, name: str, image: np.ndarray) -> Sample:
        """Return what was painted, with its image."""
        rest = self._map.label_set.rest
        if rest is not None:
            self._classes[self._open] = self._map.label_set.names.index(rest)
        return Sample(name, image, self._classes, self._instances)

    def truth(self) -> np.ndarray:
        """Return int32 (H, W) for scoring: instance id, label id, or 0 where nothing is scored.

        Call it after `sample`.
        """
        table = np.zeros(256, np.int32)
        table[:len(self._map.label_set)] = self._map.label_set.ids
        ids = np.where(self._instances > 0, self._instances.astype(np.int32),
                       table[self._classes])
        return np.where(self._open & (ids == 0), BACKGROUND_ID, ids)
