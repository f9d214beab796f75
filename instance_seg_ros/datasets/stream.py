# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The endless stream of training samples: sample i is a pure function of (seed, i).

A run that stopped after k samples continues exactly by starting at sample k.
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
    """Something that draws a labelled image."""

    def draw(self, rng: np.random.Generator) -> Sample:
        """Return a sample; all randomness comes from `rng`."""


class Drawn:
    """Draws the samples of a data set, with cut-outs pasted over them where there are some."""

    def __init__(self, dataset: Sequence[Sample], label_set: LabelSet | None = None,
                 cutouts: Sequence[Cutout] = (), most: int = 0,
                 factors: np.ndarray | None = None) -> None:
        """Take a data set of N samples.

        Args:
            dataset: anything with a length and samples by index.
            label_set: of the samples; needed for pasting.
            cutouts: what is pasted.
            most: largest number of objects to paste.
            factors: float (N,), how often each sample is drawn, relative; None: all alike.
        """
        self._dataset, self._label_set = dataset, label_set
        self._cutouts, self._most = cutouts, most
        self._often = None if factors is None else factors / factors.sum()

    def draw(self, rng: np.random.Generator) -> Sample:
        """Return one of the samples, with 0 to `most` objects pasted over it."""
        count = len(self._dataset)
        index = rng.integers(count) if self._often is None else rng.choice(count, p=self._often)
        sample = self._dataset[int(index)]
        if not self._most or not self._cutouts:
            return sample
        return paste(sample, self._cutouts, self._label_set, rng,
                     int(rng.integers(self._most + 1)))


def with_whole_objects(dataset: CamVid) -> list[Sample]:
    """Load all frames, with the instances that follow from class labels alone."""
    return [replace(s, instances=whole_objects(s.classes, dataset.label_set))
            for s in (dataset[i] for i in range(len(dataset)))]


def camvid_cutouts(frames: Sequence[Sample], label_set: LabelSet) -> list[Cutout]:
    """Cut the whole objects, and riders, out of CamVid's frames."""
    riders = [rider for frame in frames for rider in collect_riders(frame, label_set)]
    return [*collect(frames, label_set), *riders]


def cutouts_of(dataset: Sequence[Sample], label_set: LabelSet, images: int) -> list[Cutout]:
    """Cut the unhidden objects out of the first `images` of a fully labelled data set."""
    samples = [dataset[i] for i in range(min(images, len(dataset)))]
    single = collect(map(unhidden, samples), label_set)
    riders = [rider for sample in samples for rider in collect_riders(sample, label_set)]
    return [c for c in (*single, *riders) if c.label in SLOPES]


@dataclass(frozen=True)
class Share:
    """A source and how far it is trusted.

    Attributes:
        often: how often it is drawn, relative to the others.
        semantics: weight of its class labels.
        instances: how often its instances count, 0 to 1; they are hidden from the other samples.
        labelled: bool (K,), classes that the source labels; None for all.
        pixels: float (K,), pixels of each class in the source; None where nothing is known
            without reading it.
    """

    source: Source
    often: float
    semantics: float = 1.0
    instances: float = 1.0
    labelled: np.ndarray | None = None
    pixels: np.ndarray | None = None


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
        """Return image uint8 (3, H, W), classes int64, instances int64 (H, W), semantics (1,).

        Where one of the sources labels only some classes, `labelled` bool (K,) says which.
        """
        rng = np.random.default_rng((self._seed, index))
        share = self._shares[rng.choice(len(self._shares), p=self._often)]
        sample = share.source.draw(rng)
        trusted = rng.random() < share.instances
        sample = self._augmentation(sample, int(rng.integers(2 ** 31)))
        instances = sample.instances if trusted else np.zeros_like(sample.instances)
        labelled = {} if share.labelled is None else {'labelled': share.labelled}
        return {'image': np.ascontiguousarray(sample.image.transpose(2, 0, 1)),
                'classes': sample.classes.astype(np.int64),
                'instances': instances.astype(np.int64),
                'semantics': np.float32(share.semantics), **labelled}

    def class_shares(self) -> np.ndarray | None:
        """Return the share of each class in the pixels drawn, float (K,), without reading any.

        None unless all sources count their pixels in an index.
        """
        if any(share.pixels is None or not share.pixels.sum() for share in self._shares):
            return None
        trusted = self._often * [share.semantics for share in self._shares]
        total = sum(w * share.pixels / share.pixels.sum()
                    for w, share in zip(trusted, self._shares, strict=True))
        return total / max(total.sum(), 1e-12)
