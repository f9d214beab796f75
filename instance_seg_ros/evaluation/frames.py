# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images with ground truth, from every data set in the registry."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..core.labels import LabelSet
from ..datasets import DATASETS, Reader
from ..datasets.camvid import CamVid
from ..datasets.cutouts import collect
from ..datasets.pasting import paste
from ..datasets.sample import Sample, ids_of
from ..datasets.stream import with_whole_objects
from .prediction import boxes_of

PASTED = 'camvid-pasted'
"""CamVid's frames with its own objects pasted over them: not a data set of its own."""


@dataclass(frozen=True)
class TruthFrame:
    """One image and its ground truth.

    Attributes:
        sample: image and classes.
        ids: int32 (H, W) as in Cityscapes' instanceIds: label id * 1000 + number for instances,
            the bare label id elsewhere; an unseparated thing (a group) is ignored, and so is 0
            (void).
        distances: instance id -> (median metres, share of its pixels with a known distance), or
            None when nothing is known about distances.
    """

    sample: Sample
    ids: np.ndarray
    distances: dict[int, tuple[float, float]] | None = None


@dataclass(frozen=True)
class TruthFrames:
    """The frames of a data set: label set of the classes, what can be scored, the frames."""

    name: str
    label_set: LabelSet
    has_instances: bool
    has_semantics: bool
    frames: Sequence | Iterator
    count: int


def open_frames(dataset: str, root: Path | None, split: str, limit: int | None = None,
                label_set: LabelSet | None = None) -> TruthFrames:
    """Open a data set for scoring.

    Args:
        dataset: a name in `DATASETS`, or `camvid-pasted`.
        root: its folder; None for a data set that is drawn.
        split: which part of it.
        limit: take that many frames, evenly spread; all when None.
        label_set: what its classes become; None for the data set's own.

    Raises:
        UserError: when the folder does not contain the data set.
    """
    if dataset == PASTED:
        return _pasted(root, split, limit)
    reader = DATASETS[dataset]
    data = reader.open(root, split, label_set or reader.own_labels)
    return frames_of(data, f'{reader.title} {split}', limit)


def frames_of(data: Reader, name: str, limit: int | None = None) -> TruthFrames:
    """Return the frames of an opened data set; name: as it is printed."""
    chosen = spread(len(data), limit)
    return TruthFrames(name, data.label_set, 'instances' in data.evaluates,
                  'classes' in data.evaluates, _frames(data, chosen), len(chosen))


def _frames(data: Reader, chosen: Iterable[int]) -> Iterator[TruthFrame]:
    for index in chosen:
        sample, ids = data.with_truth(index)
        yield TruthFrame(sample, ids, data.distances(index, ids))


def spread(count: int, limit: int | None) -> list[int]:
    """Return `limit` indices (or all), evenly spread over `count`."""
    if not limit or limit >= count:
        return list(range(count))
    return [round(i * count / limit) for i in range(limit)]


def _pasted(root: Path, split: str, limit: int | None) -> TruthFrames:
    """Paste a split's own whole objects over its frames; the index decides which."""
    data = CamVid(root, split, 'cityscapes')
    samples = with_whole_objects(data)
    cutouts = collect(samples, data.label_set)
    chosen = spread(len(data), limit)

    def frames():
        for index in chosen:
            rng = np.random.default_rng((11, index))
            sample = paste(samples[index], cutouts, data.label_set, rng, 8)
            yield TruthFrame(sample, ids_of(sample, data.label_set))
    return TruthFrames(f'CamVid {split} with pasted objects', data.label_set, True, True,
                       frames(), len(chosen))


def touching(ids: np.ndarray, reach: int = 3) -> set[int]:
    """Ids of the instances with another one of their class at most `reach` pixels away."""
    result: set[int] = set()
    kernel = np.ones((2 * reach + 1,) * 2, np.uint8)
    for value, (rows, columns) in boxes_of(np.where(ids >= 1000, ids, 0)):
        around = ids[max(0, rows.start - reach):rows.stop + reach,
                     max(0, columns.start - reach):columns.stop + reach]
        near = cv2.dilate((around == value).astype(np.uint8), kernel).astype(bool)
        others = np.unique(around[near])
        same = others // 1000 == value // 1000
        if np.any(same & (others != value)):
            result.add(int(value))
    return result
