# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Interface of a data set reader: description, samples, and ground truth for evaluation."""
from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..core.labels import LabelSet
from .index import Problem
from .sample import Sample, ids_of


class Reader(ABC):
    """One split of a data set, as a sequence of samples.

    Attributes:
        title: its name in print.
        layout: what its folder contains, in one line.
        licence: terms of its images.
        own_labels: name of the built-in label set that its annotations use.
        evaluates: what its ground truth can score, `classes` and `instances`.
        drawn: samples are generated, so there is no folder.
    """

    title: ClassVar[str]
    layout: ClassVar[str]
    licence: ClassVar[str]
    own_labels: ClassVar[str] = 'cityscapes'
    evaluates: ClassVar[tuple[str, ...]] = ('classes', 'instances')
    drawn: ClassVar[bool] = False

    root: Path
    label_set: LabelSet
    """Classes of the samples: those the reader was opened with."""

    @classmethod
    def open(cls, root: Path | None, split: str, label_set: LabelSet | str,
             skip_bad: bool = False) -> Reader:
        """Open a split; raise UserError when the folder or its labels do not fit.

        Args:
            root: folder of the data set.
            split: `train`, `val` or `test`.
            label_set: classes of the samples, or the name of a built-in set.
            skip_bad: leave out the images that are known to be bad.
        """
        return cls(root, split, label_set)

    @property
    def labelled(self) -> np.ndarray:
        """Channels of the label set that the source labels, bool (K,): all by default."""
        return np.ones(len(self.label_set), bool)

    def class_pixels(self) -> np.ndarray | None:
        """Return the pixels of each class, float (K,); None where images have to be read."""
        return None

    def shown(self) -> np.ndarray | None:
        """Return which classes each image shows, bool (N, K); None as in `class_pixels`."""
        return None

    def problems(self) -> list[Problem]:
        """Return what is known to be wrong with the files before any image is read."""
        return []

    @classmethod
    @abstractmethod
    def recognises(cls, root: Path) -> bool:
        """Return whether a folder has the layout of this data set."""

    @abstractmethod
    def __len__(self) -> int:
        """Count the samples."""

    @abstractmethod
    def __getitem__(self, index: int) -> Sample:
        """Read one sample; raise UserError that names a missing or broken file."""

    def class_map(self, index: int) -> np.ndarray:
        """Read the classes of one sample alone: uint8 (H, W), 255 = ignored."""
        return self[index].classes

    def with_truth(self, index: int) -> tuple[Sample, np.ndarray]:
        """Return a sample and its ground truth.

        The truth is int32 (H, W) in the form of Cityscapes' instanceIds: label id * 1000 + number
        for instances, the bare label id elsewhere, 0 where nothing is scored.
        """
        sample = self[index]
        return sample, ids_of(sample, self.label_set)

    def image_path(self, index: int) -> Path | None:
        """Return the file of an image; None where it is drawn."""
        return None

    def distances(self, index: int, ids: np.ndarray) -> dict[int, tuple[float, float]] | None:
        """Return the distance of each instance: id to (metres, share of its pixels measured).

        None where the data set does not measure distances.
        """
        return None
