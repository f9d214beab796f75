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
from ..datasets import Reader, open_dataset, open_sound, recognise
from ..datasets.augmentation import Augmentation
from ..datasets.camera_effects import CameraEffects
from ..datasets.camvid import CamVid
from ..datasets.cutouts import collect
from ..datasets.pasting import paste
from ..datasets.sample import Sample
from ..datasets.sticks import Sticks
from ..datasets.stream import Stream, with_whole_objects
from .recipe import Recipe


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
            raise UserError(f'A batch of {batch} images cannot be shared out among '
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


def augmentation(recipe: Recipe) -> Augmentation:
    """Return the augmentation of a recipe; UserError for an unknown effect."""
    return Augmentation(recipe.crop, recipe.area, recipe.aspect, recipe.rich, recipe.diverse,
                        recipe.disturb, CameraEffects.of(recipe.effects), recipe.enlarge)


def class_weights(stream: Stream, classes: int, balance: float, count: int = 200) -> torch.Tensor:
    """1 / log(balance + p), p a class's share of the pixels.

    The shares come from the indices of the data sets; where one has none, from the first `count`
    samples.
    """
    known = stream.class_shares()
    share = _drawn_shares(stream, classes, count) if known is None else known
    # A class that never occurs gets weight 0: its logit is pushed down like any wrong one.
    return torch.tensor(np.where(share > 0, 1 / np.log(balance + share), 0.), dtype=torch.float32)


def _drawn_shares(stream: Stream, classes: int, count: int) -> np.ndarray:
    counts = np.zeros(IGNORE_INDEX + 1)
    for index in range(count):
        sample = stream[index]
        counts += sample['semantics'] * np.bincount(
            sample['classes'].ravel()[::7], minlength=len(counts))
    return counts[:classes] / max(1., counts[:classes].sum())


def validation_samples(data: tuple[Path, ...], label_set: LabelSet, limit: int = 40,
                       seed: int = 7, skip_bad: bool = False) -> list[Sample]:
    """Return labelled images that training never sees, from every folder that has some.

    CamVid's are given its own whole objects, others are as they are; or drawn sticks.

    Args:
        data: the folders.
        label_set: of the classes.
        limit: most of each folder, evenly spread.
        seed: of what is pasted.
    """
    if not limit:
        return []
    if label_set.name == 'sticks':
        sticks = Sticks('val')
        return [sticks[index] for index in range(limit)]
    samples = []
    for folder in data:
        frames = _validation_part(folder, label_set, skip_bad)
        if frames is None:
            continue
        if recognise(folder) == 'camvid':
            samples += _pasted_frames(frames, label_set, seed)[:limit]
        else:
            every = max(1, len(frames) // limit)
            samples += [frames[k] for k in range(0, len(frames), every)][:limit]
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
