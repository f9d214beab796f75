# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which class of a label set each class of a source becomes."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..core.labels import IGNORE_INDEX, IGNORED, Label, LabelSet, plain_name


@dataclass(frozen=True)
class ClassMap:
    """The classes of a source, each with its label, ignored, or not mapped.

    Attributes:
        targets: source class (as the source writes it) to a name in `label_set`, to `ignore`, or
            to None if undefined. Pixels of the latter two are ignored in training.
    """

    source: str
    label_set: LabelSet
    targets: Mapping[str, str | None]

    @classmethod
    def of(cls, source: str, categories: Iterable[str], label_set: LabelSet,
           aliases: Mapping[str, str] | None = None) -> ClassMap:
        """Map categories by the label set's own map, by equal names, then by `aliases`.

        Args:
            source: name of the data set, as in `DATASETS`.
            categories: classes of the source.
            label_set: where they go.
            aliases: what a published source calls the classes of built-in label sets.
        """
        return cls(source, label_set, {
            name: label_set.target(source, name) or _alias(name, label_set, aliases or {})
            for name in categories})

    def label(self, category: str) -> Label | None:
        """Return the label of a source class; None where it is ignored or not mapped."""
        target = self.targets.get(category)
        return None if target in (None, IGNORED) else self.label_set.by_name(target)

    def channel(self, category: str) -> int:
        """Return the channel of a source class; 255 where it is ignored or not mapped."""
        label = self.label(category)
        return IGNORE_INDEX if label is None else self.label_set.labels.index(label)

    @property
    def unmapped(self) -> list[str]:
        """Source classes that nothing maps."""
        return [name for name, target in self.targets.items() if target is None]

    @property
    def labelled(self) -> np.ndarray:
        """Channels that the source labels, bool (K,); the others are unlabelled."""
        names = set(self.targets.values()) | {self.label_set.rest}
        return np.array([name in names for name in self.label_set.names])

    def __str__(self) -> str:
        """Return the mapping in a line for each kind of it."""
        mapped = [f'{name} -> {target}' for name, target in self.targets.items()
                  if target not in (None, IGNORED) and plain_name(name) != plain_name(target)]
        same = [name for name, target in self.targets.items()
                if target and plain_name(name) == plain_name(target)]
        lines = {'labelled': same, 'renamed': mapped,
                 'ignored': [n for n, t in self.targets.items() if t == IGNORED],
                 'not mapped, ignored': self.unmapped,
                 'not labelled by this source': [
                     n for n, known in zip(self.label_set.names, self.labelled, strict=True)
                     if not known]}
        return '\n'.join(f'{kind}: {", ".join(names)}' for kind, names in lines.items() if names)


def _alias(name: str, label_set: LabelSet, aliases: Mapping[str, str]) -> str | None:
    """Look a name up among aliases; a key that ends with * stands for all that begin so."""
    plain = plain_name(name)
    starts = (key for key in aliases if key.endswith('*') and plain.startswith(key[:-1]))
    target = aliases.get(plain) or aliases.get(next(starts, ''))
    return target if target == IGNORED or target in label_set.names else None
