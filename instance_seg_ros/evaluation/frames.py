# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures with the truth to score against, from every data set the scorer knows."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.labels import LabelSet
from ..datasets.camvid import CamVid
from ..datasets.cityscapes import Cityscapes
from ..datasets.cutouts import collect
from ..datasets.kitti_mots import KittiMots
from ..datasets.pasting import paste
from ..datasets.sample import IGNORE, Sample, read_map
from ..datasets.sticks import Sticks
from ..datasets.stream import with_whole_objects

DATASETS = ('camvid', 'camvid-pasted', 'cityscapes', 'kitti-mots', 'sticks')


@dataclass(frozen=True)
class Frame:
    """One picture and its truth.

    ids: int32 (H, W) as in Cityscapes' instanceIds: label id * 1000 + number for instances, the
    bare label id elsewhere; an unseparated thing (a group) is ignored, and so is 0 (void).
    sample: picture and classes. distances: instance id -> (median metres, share of its pixels
    with a known distance), or None when nothing is known about distances.
    """

    sample: Sample
    ids: np.ndarray
    distances: dict[int, tuple[float, float]] | None = None


@dataclass(frozen=True)
class Frames:
    """The frames of a data set: label set of the classes, what can be scored, the frames."""

    name: str
    label_set: LabelSet
    has_instances: bool
    has_semantics: bool
    frames: Sequence | Iterator
    count: int


def open_frames(dataset: str, root: Path | None, split: str, limit: int | None = None) -> Frames:
    """Open a data set for scoring; `limit` takes that many frames, evenly spread.

    root: its folder; None for `sticks`, which are drawn.
    """
    if dataset == 'sticks':
        return sticks(Sticks(split), limit)
    if dataset == 'camvid':
        return _camvid(root, split, limit)
    if dataset == 'camvid-pasted':
        return _pasted(root, split, limit)
    if dataset == 'cityscapes':
        return _cityscapes(root, split, limit)
    if dataset == 'kitti-mots':
        data = KittiMots(root)
        chosen = spread(len(data), limit)
        frames = (Frame(*data[i]) for i in chosen)
        return Frames('KITTI MOTS', LabelSet.named('cityscapes'), True, False, frames,
                      len(chosen))
    raise UserError(f'There is no data set {dataset!r}; there are: {", ".join(DATASETS)}')


def sticks(data: Sticks, limit: int | None = None) -> Frames:
    """Return drawn sticks for scoring."""
    chosen = spread(len(data), limit)
    frames = (Frame(s, ids_of(s, data.label_set)) for s in (data[i] for i in chosen))
    return Frames(data.name, data.label_set, True, True, frames, len(chosen))


def spread(count: int, limit: int | None) -> list[int]:
    """Return `limit` indices (or all), evenly spread over `count`."""
    if not limit or limit >= count:
        return list(range(count))
    return [round(i * count / limit) for i in range(limit)]


def ids_of(sample: Sample, label_set: LabelSet) -> np.ndarray:
    """Truth in the form of instanceIds, int32: 0 where the class is to be ignored."""
    table = np.zeros(256, np.int32)
    table[:len(label_set)] = label_set.ids
    classes = np.where(sample.classes == IGNORE, 0, table[sample.classes])
    return np.where(sample.instances > 0, sample.instances.astype(np.int32), classes)


def _camvid(root: Path, split: str, limit: int | None) -> Frames:
    data = CamVid(root, split, 'camvid')
    chosen = spread(len(data), limit)
    frames = (Frame(s, ids_of(s, data.label_set)) for s in (data[i] for i in chosen))
    return Frames(f'CamVid {split}', data.label_set, False, True, frames, len(chosen))


def _pasted(root: Path, split: str, limit: int | None) -> Frames:
    """Frames of a split with its own whole objects pasted over each other; fixed by the index."""
    data = CamVid(root, split, 'cityscapes')
    samples = with_whole_objects(data)
    cutouts = collect(samples, data.label_set)
    chosen = spread(len(data), limit)

    def frames():
        for index in chosen:
            rng = np.random.default_rng((11, index))
            sample = paste(samples[index], cutouts, data.label_set, rng, 8)
            yield Frame(sample, ids_of(sample, data.label_set))
    return Frames(f'CamVid {split} with pasted objects', data.label_set, True, True, frames(),
                  len(chosen))


def _cityscapes(root: Path, split: str, limit: int | None) -> Frames:
    data = Cityscapes(root, split)
    chosen = spread(len(data), limit)

    def frames():
        for index in chosen:
            sample = data[index]
            # As the official scorer sees it: the picture itself, not our reading of it.
            ids = read_map(data.ground_truth(index, 'instanceIds')).astype(np.int32)
            yield Frame(sample, ids, distances(data, index, ids))
    return Frames(f'{root.name} {split}', data.label_set, True, True, frames(), len(chosen))


def distances(data: Cityscapes, index: int,
              ids: np.ndarray) -> dict[int, tuple[float, float]] | None:
    """Median distance in metres of each instance, from disparity and camera files.

    None when either file is missing. d = (p - 1) / 256 for p > 0, metres = baseline * fx / d.
    """
    if not (data.disparity(index).is_file() and data.camera(index).is_file()):
        return None
    stored = read_map(data.disparity(index)).astype(np.float64)
    try:
        camera = json.loads(data.camera(index).read_text())
        factor = camera['extrinsic']['baseline'] * camera['intrinsic']['fx']
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f'{data.camera(index)}: no camera description ({error!r})') from error
    known = stored > 1
    metres = np.where(known, factor * 256 / np.maximum(stored - 1, 1e-9), np.inf)
    result = {}
    for value in np.unique(ids[ids >= 1000]):
        inside = ids == value
        seen = metres[inside & known]
        share = seen.size / np.count_nonzero(inside)
        result[int(value)] = (float(np.median(seen)) if seen.size else -1., share)
    return result


def touching(ids: np.ndarray, reach: int = 3) -> set[int]:
    """Ids of the instances with another one of their class at most `reach` pixels away."""
    result: set[int] = set()
    kernel = np.ones((2 * reach + 1,) * 2, np.uint8)
    for value in np.unique(ids[ids >= 1000]):
        near = cv2.dilate((ids == value).astype(np.uint8), kernel).astype(bool)
        others = np.unique(ids[near])
        same = others // 1000 == value // 1000
        if np.any(same & (others != value)):
            result.add(int(value))
    return result
