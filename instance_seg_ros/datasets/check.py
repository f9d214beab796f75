# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads a whole data set once and says what is in it and what is broken."""
from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, LabelSet
from .sample import IGNORE, Sample


@dataclass
class Census:
    """Counts of a data set: pictures by size, pixels and instances by class, broken files."""

    label_set: LabelSet
    sizes: Counter = field(default_factory=Counter)
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    instances: Counter = field(default_factory=Counter)
    pictures_with: Counter = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Count one picture."""
        height, width = sample.classes.shape
        self.sizes[f'{width}x{height}'] += 1
        pixels = np.bincount(sample.classes.ravel(), minlength=256)
        self.pixels += pixels
        self.pictures_with.update(np.flatnonzero(pixels).tolist())
        ids = np.unique(sample.instances)
        self.instances.update((ids[ids >= INSTANCE_FACTOR] // INSTANCE_FACTOR).tolist())

    def __str__(self) -> str:
        """Return the counts as a table."""
        total = max(1, int(self.pixels.sum()))
        lines = [f'pictures: {sum(self.sizes.values())}, sizes: '
                 + ', '.join(f'{size} ({n})' for size, n in self.sizes.most_common()),
                 f'{"class":<16}{"pixels":>9}{"pictures":>10}{"instances":>11}']
        for k, label in enumerate(self.label_set.labels):
            count = str(self.instances[label.id]) if label.has_instances else '-'
            lines.append(f'{label.name:<16}{self.pixels[k] / total:9.3%}'
                         f'{self.pictures_with[k]:10}{count:>11}')
        lines.append(f'{"ignored":<16}{self.pixels[IGNORE] / total:9.3%}')
        return '\n'.join(lines + [f'broken: {message}' for message in self.broken])


def census(dataset: Sequence[Sample], label_set: LabelSet, name: str = '') -> Census:
    """Read every sample; broken ones are listed, not raised."""
    result = Census(label_set)
    for index in tqdm(range(len(dataset)), desc=name, file=sys.stderr):
        try:
            result.add(dataset[index])
        except UserError as error:
            result.broken.append(str(error))
    return result
