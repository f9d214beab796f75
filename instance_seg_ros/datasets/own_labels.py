# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A first label set for data with classes of their own: those that its annotations use."""
from __future__ import annotations

from pathlib import Path

from ..core.label_file import distinct_color
from ..core.labels import IGNORED, MAX_LABELS, Label, LabelSet
from . import DATASETS, recognise
from .indexed import IndexedReader

REST = 'background'


def label_set_of(folder: Path, split: str) -> LabelSet:
    """Return a label set of the classes in a folder.

    Where objects alone are annotated, all classes have instances and `background` is the class of
    the rest. Data with more classes than a label set takes keep the most frequent; the others are
    ignored. Data sets with labels of their own layout have their built-in label set.
    """
    reader = DATASETS[recognise(folder)]
    if not issubclass(reader, IndexedReader) or 'classes' in reader.evaluates:
        return LabelSet.named(reader.own_labels)
    index = reader.open(folder, split, reader.own_labels).index
    counts = index.counts()
    names = sorted(dict.fromkeys(index.facts['categories']),
                   key=lambda name: -counts.get(name, (0,))[0])
    names = [name for name in names if name not in (REST, IGNORED)]
    kept, left = names[:MAX_LABELS - 1], names[MAX_LABELS - 1:]
    labels = (Label(1, REST, (0, 0, 0)), *(
        Label(k + 2, name, distinct_color(k), True) for k, name in enumerate(kept)))
    return LabelSet(folder.absolute().name, labels, dict.fromkeys(left, IGNORED), REST)
