# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checks a whole data set: counts and broken samples."""
from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .reader import Reader
from .sample import IGNORE, Sample

_LAST_TRAINING_ID = 18
_PROBED = 16

_log = logging.getLogger(__name__)


@dataclass
class Census:
    """Counts of a data set: images by size, pixels and instances by class, broken files."""

    label_set: LabelSet
    sizes: Counter = field(default_factory=Counter)
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    instances: Counter = field(default_factory=Counter)
    images_with: Counter = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Count one image."""
        height, width = sample.classes.shape
        self.sizes[f'{width}x{height}'] += 1
        pixels = np.bincount(sample.classes.ravel(), minlength=256)
        self.pixels += pixels
        self.images_with.update(np.flatnonzero(pixels).tolist())
        ids = np.unique(sample.instances)
        self.instances.update((ids[ids >= INSTANCE_FACTOR] // INSTANCE_FACTOR).tolist())

    @property
    def problems(self) -> list[str]:
        """Problems of the whole set, even if every file is valid."""
        labelled = {k for k in range(len(self.label_set)) if self.pixels[k]}
        if self.sizes and not labelled:
            return ['no pixel has a known class: all is void']
        ids = {int(self.label_set.ids[k]) for k in labelled}
        if self.label_set.name == 'cityscapes' and ids and max(ids) <= _LAST_TRAINING_ID:
            return ['no class with a label id above 18 (vegetation, sky, persons, vehicles); are '
                    'these training ids (labelTrainIds)? Label ids are needed']
        return []

    def __str__(self) -> str:
        """Return the counts as a table."""
        total = max(1, int(self.pixels.sum()))
        lines = [f'images: {sum(self.sizes.values())}, sizes: '
                 + ', '.join(f'{size} ({n})' for size, n in self.sizes.most_common()),
                 f'{"class":<16}{"pixels":>9}{"images":>10}{"instances":>11}']
        for k, label in enumerate(self.label_set.labels):
            count = str(self.instances[label.id]) if label.has_instances else '-'
            lines.append(f'{label.name:<16}{self.pixels[k] / total:9.3%}'
                         f'{self.images_with[k]:10}{count:>11}')
        lines.append(f'{"ignored":<16}{self.pixels[IGNORE] / total:9.3%}')
        return '\n'.join([*lines, *(f'broken: {message}' for message in self.broken),
                          *(f'suspicious: {message}' for message in self.problems)])


def census(dataset: Sequence[Sample], label_set: LabelSet, name: str = '') -> Census:
    """Read every sample; broken ones are listed, not raised, after the errors from the index."""
    result = Census(label_set)
    result.broken += map(str, dataset.problems() if isinstance(dataset, Reader) else ())
    for index in tqdm(range(len(dataset)), desc=name, file=sys.stderr):
        try:
            result.add(dataset[index])
        except UserError as error:
            result.broken.append(str(error))
    return result


def check_labelled(dataset: Sequence[Sample], label_set: LabelSet, name: str) -> None:
    """Look at a few samples before training; log what is suspicious.

    Raises:
        UserError: when one of them is broken, or all of them are void.
    """
    probe = Census(label_set)
    for index in sorted({k * len(dataset) // _PROBED for k in range(_PROBED)}):
        probe.add(dataset[index])
    if not probe.pixels[:len(label_set)].any():
        raise UserError(f'{name}: {"; ".join(probe.problems)}. See `instance_seg train --check`.')
    for problem in probe.problems:
        _log.warning('%s: %s.', name, problem)
