# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The data of a run: folders opened, the endless stream split among processes."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from ..core.errors import UserError
from ..core.labels import IGNORE_INDEX, LabelSet
from ..datasets import DATASETS, Reader, open_dataset, open_sound, recognise
from ..datasets.camvid import CamVid
from ..datasets.check import check_labelled
from ..datasets.cutouts import collect
from ..datasets.pasting import paste
from ..datasets.sample import Sample
from ..datasets.sticks import Sticks
from ..datasets.stream import (
    Plain,
    Share,
    Stream,
    cutouts_of,
    pasted_camvid,
    with_whole_objects,
)
from .recipe import Recipe

VALIDATION_FRAMES = 40
"""Pictures of a Cityscapes folder that are scored while training, evenly spread."""


class From(Sampler):
    """The indices from `start` on, every `world`-th one for process `rank`; never ends."""

    def __init__(self, start: int, rank: int = 0, world: int = 1) -> None:
        """All processes together see each index once."""
        self._start, self._rank, self._world = start, rank, world

    def __iter__(self) -> Iterator[int]:
        """Count up."""
        return iter(range(self._start + self._rank, 2 ** 62, self._world))

    def __len__(self) -> int:
        """Longer than any run."""
        return 2 ** 40


class Batches(lightning.LightningDataModule):
    """Batches of a stream from where the run is; the processes share each batch.

    Step s of the run sees the samples s * batch to (s + 1) * batch - 1, whatever the number of
    processes and however often the run was stopped.
    """

    def __init__(self, stream: Stream, recipe: Recipe, workers: int) -> None:
        """workers: processes that prepare data, for each training process."""
        super().__init__()
        self._stream, self._recipe, self._workers = stream, recipe, workers

    def train_dataloader(self) -> DataLoader:
        """Return the batches of this process."""
        trainer, batch = self.trainer, self._recipe.batch
        if batch % trainer.world_size:
            raise UserError(f'A batch of {batch} pictures cannot be shared out among '
                            f'{trainer.world_size} processes; change batch or --devices.')
        start = trainer.global_step * self._recipe.accumulate * batch
        return DataLoader(self._stream, batch // trainer.world_size,
                          sampler=From(start, trainer.global_rank, trainer.world_size),
                          num_workers=self._workers, worker_init_fn=_quiet_worker,
                          prefetch_factor=4 if self._workers else None)


def _quiet_worker(number: int) -> None:
    """Keep a worker to one thread: the network needs the others."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)


def shares(recipe: Recipe, data: tuple[Path, ...], skip_bad: bool = False) -> list[Share]:
    """Open the training part of each folder, with the recipe's settings for its data set.

    Raises UserError for data that are not sound, unless `skip_bad` takes the rest.
    """
    label_set = LabelSet.of(recipe.label_set)
    if label_set.name == 'sticks':
        sticks = Sticks('train', recipe.crop[0])
        return [Share(Plain(sticks), 1.)]
    settings = {kind: {'often': 1., 'semantics': 1., 'pasted': 10, 'cutouts': 0, 'rare_below': 0.,
                       **recipe.sources.get(kind, {})} for kind in DATASETS}
    found = [(folder, recognise(folder)) for folder in data]
    labelled = [(open_sound(folder, 'train', label_set, skip_bad), settings[kind])
                for folder, kind in found if kind != 'camvid']
    for dataset, _ in labelled:
        check_labelled(dataset, label_set, dataset.root.name)
    others = [cutout for dataset, s in labelled
              for cutout in cutouts_of(dataset, label_set, int(s['cutouts']))]
    result = [(Plain(dataset), s) for dataset, s in labelled]
    camvid = settings['camvid']
    result += [(pasted_camvid(folder, label_set, int(camvid['pasted']), others,
                              float(camvid['rare_below'])), camvid)
               for folder, kind in found if kind == 'camvid']
    return [Share(source, float(s['often']), float(s['semantics'])) for source, s in result]


def class_weights(stream: Stream, classes: int, balance: float, count: int = 200) -> torch.Tensor:
    """1 / log(balance + p), p a class's share of the pixels of the first `count` samples."""
    counts = np.zeros(IGNORE_INDEX + 1)
    for index in range(count):
        sample = stream[index]
        counts += sample['semantics'] * np.bincount(
            sample['classes'].ravel()[::7], minlength=len(counts))
    share = counts[:classes] / max(1., counts[:classes].sum())
    # A class that never occurs gets weight 0: its logit is pushed down like any wrong one.
    return torch.tensor(np.where(share > 0, 1 / np.log(balance + share), 0.), dtype=torch.float32)


def validation_samples(data: tuple[Path, ...], label_set: LabelSet, seed: int = 7,
                       skip_bad: bool = False) -> list[Sample]:
    """Return labelled images that training never sees, from every folder that has some.

    CamVid's are given its own whole objects, others are as they are; 40 drawn sticks.
    """
    if label_set.name == 'sticks':
        sticks = Sticks('val')
        return [sticks[index] for index in range(40)]
    samples = []
    for folder in data:
        frames = _validation_part(folder, label_set, skip_bad)
        if frames is None:
            continue
        if recognise(folder) == 'camvid':
            samples += _pasted_frames(frames, label_set, seed)
        else:
            every = max(1, len(frames) // VALIDATION_FRAMES)
            samples += [frames[k] for k in range(0, len(frames), every)][:VALIDATION_FRAMES]
    return samples


def _validation_part(folder: Path, label_set: LabelSet, skip_bad: bool) -> Reader | None:
    try:
        open_dataset(folder, 'val', label_set)
    except UserError:   # a folder may well have no images to validate on
        return None
    return open_sound(folder, 'val', label_set, skip_bad)


def _pasted_frames(dataset: CamVid, label_set: LabelSet, seed: int) -> list[Sample]:
    frames = with_whole_objects(dataset)
    cutouts = collect(frames, label_set)
    if not cutouts:
        return frames[::3]
    return [paste(frame, cutouts, label_set, np.random.default_rng((seed, index)), index % 2 * 6)
            for index, frame in enumerate(frames[::3])]
