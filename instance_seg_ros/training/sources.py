# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sources of a run: folders of data, each with its share and its trust."""
from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import UserError
from ..core.labels import LabelSet
from ..datasets import Reader, open_dataset, open_sound, recognise
from ..datasets.camvid import CamVid
from ..datasets.check import check_labelled
from ..datasets.cutouts import Cutout
from ..datasets.rare_classes import classes_shown, repeat_factors
from ..datasets.sample import Sample
from ..datasets.sticks import Sticks
from ..datasets.stream import Drawn, Share, camvid_cutouts, cutouts_of, with_whole_objects
from .recipe import Recipe


@dataclass(frozen=True)
class SourceSettings:
    """How a folder is used; a recipe's `sources` has them by folder name or by layout.

    Attributes:
        often: how often it is drawn, relative to the others.
        semantics: weight of its class labels, 0 to 1 for less trusted ones.
        instances: how often its instances count, 0 to 1.
        pasted: largest number of cut-outs that are pasted over an image.
        cutouts: images of which unhidden objects are cut out (CamVid: of all).
        class_sets: CamVid: hand-made labels alone, merged classes as sets of classes.
        rare_below: share of this source's images under which a class is rare; the recipe's
            setting of that name is for all sources together.
    """

    often: float = 1.
    semantics: float = 1.
    instances: float = 1.
    pasted: int = 0
    cutouts: int = 0
    class_sets: bool = False
    rare_below: float = 0.

    @classmethod
    def of(cls, recipe: Recipe, folder: Path) -> SourceSettings:
        """Return the settings of a folder; UserError for an unknown one."""
        kind = recognise(folder)
        settings: dict[str, Any] = {'pasted': 10} if kind == 'camvid' else {}
        settings |= recipe.sources.get(kind, {}) | recipe.sources.get(folder.name, {})
        known = [setting.name for setting in fields(cls)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise UserError(f'Unknown setting {", ".join(unknown)} of the source {folder.name}; '
                            f'available: {", ".join(known)}.')
        return cls(**settings)


@dataclass(frozen=True)
class _Opened:
    """A part of a folder: its samples, what was cut out of it, its class maps."""

    settings: SourceSettings
    samples: Reader | list[Sample]
    cutouts: list[Cutout]

    def shown(self, classes: int) -> np.ndarray:
        """Return which classes each sample shows, bool (N, classes)."""
        if isinstance(self.samples, list):
            return classes_shown((sample.classes for sample in self.samples), classes)
        from_index = self.samples.shown()
        if from_index is not None:
            return from_index
        return classes_shown(map(self.samples.class_map, range(len(self.samples))), classes)


def shares(recipe: Recipe, data: tuple[Path, ...], skip_bad: bool = False,
           split: str = 'train') -> list[Share]:
    """Open one part of each folder; what is cut out of one is pasted into all.

    Args:
        recipe: its `sources` has the settings of each folder.
        data: the folders.
        skip_bad: leave out data that are not sound.
        split: the part, such as `val`.

    Raises:
        UserError: for unknown settings, and for data that are not sound unless `skip_bad`.
    """
    label_set = LabelSet.of(recipe.label_set)
    if label_set.name == 'sticks':
        return [Share(Drawn(Sticks(split, recipe.crop[0])), 1.)]
    opened = [_open(folder, split, SourceSettings.of(recipe, folder), label_set, skip_bad)
              for folder in data]
    cutouts = [cutout for one in opened for cutout in one.cutouts]
    often, factors = _how_often(opened, recipe.rare_below, len(label_set))
    labelled = _labelled(opened, len(label_set))
    return [Share(Drawn(one.samples, label_set, cutouts, int(one.settings.pasted), rare), share,
                  float(one.settings.semantics), float(one.settings.instances), known,
                  None if isinstance(one.samples, list) else one.samples.class_pixels())
            for one, share, rare, known in zip(opened, often, factors, labelled, strict=True)]


def _labelled(opened: list[_Opened], classes: int) -> list[np.ndarray | None]:
    """Return which of the classes that the run learns each source labels; None: all of all.

    A class that no source labels is learned as absent: nothing else is known of it.
    """
    rows = np.array([np.ones(classes, bool) if isinstance(one.samples, list)
                     else one.samples.labelled for one in opened])
    rows |= ~rows.any(0)
    return [None] * len(rows) if rows.all() else list(rows)


def _open(folder: Path, split: str, settings: SourceSettings, label_set: LabelSet,
          skip_bad: bool) -> _Opened:
    if recognise(folder) == 'camvid':
        return _open_camvid(folder, split, settings, open_dataset(folder, split, label_set))
    dataset = open_sound(folder, split, label_set, skip_bad)
    check_labelled(dataset, label_set, folder.name)
    return _Opened(settings, dataset, cutouts_of(dataset, label_set, int(settings.cutouts)))


def _open_camvid(folder: Path, split: str, settings: SourceSettings,
                 dataset: CamVid) -> _Opened:
    """Load all frames, with their instances or with those that follow from the classes."""
    frames = with_whole_objects(dataset)
    cutouts = camvid_cutouts(frames, dataset.label_set)
    if dataset.has_instances or settings.class_sets:
        read = CamVid(folder, split, dataset.label_set.name, settings.class_sets)
        frames = [read[k] for k in range(len(read))]
    return _Opened(settings, frames, cutouts)


def _how_often(opened: list[_Opened], rare_below: float,
               classes: int) -> tuple[list[float], list[np.ndarray | None]]:
    """Return how often each source and each of its samples is drawn."""
    often = [float(one.settings.often) for one in opened]
    if rare_below:
        factors = repeat_factors([one.shown(classes) for one in opened], often, rare_below)
        means = [float(rows.mean()) for rows in factors]
        return [share * mean for share, mean in zip(often, means, strict=True)], factors
    return often, [_own_factors(one, classes) for one in opened]


def _own_factors(one: _Opened, classes: int) -> np.ndarray | None:
    if not one.settings.rare_below:
        return None
    return repeat_factors([one.shown(classes)], [1.], float(one.settings.rare_below))[0]
