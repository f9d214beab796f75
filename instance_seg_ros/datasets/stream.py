# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The endless stream of training samples: sample i is a pure function of (seed, i).

So a run that stops after k samples goes on exactly by starting at sample k.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..core.errors import UserError
from ..core.labels import LabelSet
from .augmentation import Augmentation
from .camvid import CamVid
from .cutouts import Cutout, collect, unhidden, whole_objects
from .pasting import SLOPES, paste
from .riders import collect_riders
from .sample import Sample


class Source(Protocol):
    """Something that draws a labelled picture."""

    def draw(self, rng: np.random.Generator) -> Sample:
        """Return a sample; all randomness comes from `rng`."""


class Plain:
    """Draws the samples of a data set as they are."""

    def __init__(self, dataset: Sequence[Sample]) -> None:
        """`dataset`: anything with a length and samples by index."""
        self._dataset = dataset

    def draw(self, rng: np.random.Generator) -> Sample:
        """Return one of the data set's samples."""
        return self._dataset[int(rng.integers(len(self._dataset)))]


class Pasted:
    """Draws CamVid frames with cut-outs pasted over them; all frames stay in memory."""

    def __init__(self, frames: Sequence[Sample], cutouts: Sequence[Cutout], label_set: LabelSet,
                 most: int = 10, rare_below: float = 0.) -> None:
        """`most`: largest number of objects to paste. `rare_below`: see `repeat_factors`."""
        self._frames, self._cutouts = frames, cutouts
        self._label_set, self._most = label_set, most
        factors = repeat_factors(frames, len(label_set), rare_below)
        self._often = factors / factors.sum()

    def draw(self, rng: np.random.Generator) -> Sample:
        """Return one of the frames with 0 to `most` objects pasted over it."""
        frame = self._frames[rng.choice(len(self._frames), p=self._often)]
        return paste(frame, self._cutouts, self._label_set, rng, int(rng.integers(self._most + 1)))


def repeat_factors(frames: Sequence[Sample], classes: int, rare_below: float) -> np.ndarray:
    """Return how often to draw each frame, float (N,) from 1 on, by the rarest class in it.

    A class that is in a share f of the frames asks for sqrt(rare_below / f): Gupta, Dollar,
    Girshick, "LVIS" (2019), section 4. 0: all frames alike.
    """
    shown = np.array([np.bincount(f.classes.ravel(), minlength=256)[:classes] > 0
                      for f in frames])
    asked = np.sqrt(rare_below / np.maximum(shown.mean(0), 1 / len(frames)))
    return np.maximum(1., (shown * asked).max(1))


def with_whole_objects(dataset: CamVid) -> list[Sample]:
    """Load all frames, with the instances that can be told from class labels alone."""
    return [replace(s, instances=whole_objects(s.classes, dataset.label_set))
            for s in (dataset[i] for i in range(len(dataset)))]


def pasted_camvid(root, label_set: LabelSet | str, most: int = 10,
                  others: Sequence[Cutout] = (), rare_below: float = 0.) -> Pasted:
    """CamVid train with its own whole objects, and `others`, pasted over its frames."""
    dataset = CamVid(root, 'train', label_set)
    frames = with_whole_objects(dataset)
    own = collect(frames, dataset.label_set)
    own += [rider for frame in frames for rider in collect_riders(frame, dataset.label_set)]
    return Pasted(frames, [*own, *others], dataset.label_set, most, rare_below)


def cutouts_of(dataset: Sequence[Sample], label_set: LabelSet, pictures: int) -> list[Cutout]:
    """Cut the unhidden objects out of the first `pictures` of a fully labelled data set."""
    samples = [dataset[i] for i in range(min(pictures, len(dataset)))]
    single = collect(map(unhidden, samples), label_set)
    riders = [rider for sample in samples for rider in collect_riders(sample, label_set)]
    return [c for c in (*single, *riders) if c.label in SLOPES]


@dataclass(frozen=True)
class Share:
    """A source, how often it is drawn (relative), and the weight of its class labels."""

    source: Source
    often: float
    semantics: float = 1.0


class Stream:
    """Samples by index, drawn from several sources and augmented: a map-style torch data set."""

    def __init__(self, shares: Sequence[Share], augmentation: Augmentation, seed: int) -> None:
        """`seed`: with the index, decides everything about a sample."""
        if not shares:
            raise UserError('Training needs at least one data set; name its folder with --data.')
        often = np.array([share.often for share in shares], float)
        self._shares, self._often = shares, often / often.sum()
        self._augmentation, self._seed = augmentation, seed

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Return image uint8 (3, H, W), classes int64, instances int64 (H, W), semantics (1,)."""
        rng = np.random.default_rng((self._seed, index))
        share = self._shares[rng.choice(len(self._shares), p=self._often)]
        sample = self._augmentation(share.source.draw(rng), int(rng.integers(2 ** 31)))
        return {'image': np.ascontiguousarray(sample.image.transpose(2, 0, 1)),
                'classes': sample.classes.astype(np.int64),
                'instances': sample.instances.astype(np.int64),
                'semantics': np.float32(share.semantics)}
