# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a recipe and folders of data to a run."""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import lightning
import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, Sampler

from ..checkpoint import Checkpoint
from ..datasets.augmentation import Augmentation
from ..datasets.camvid import CamVid
from ..datasets.cityscapes import Cityscapes
from ..datasets.cutouts import collect
from ..datasets.pasting import paste
from ..datasets.sticks import Sticks
from ..datasets.stream import (
    Plain,
    Share,
    Stream,
    cutouts_of,
    pasted_camvid,
    with_whole_objects,
)
from ..errors import UserError
from ..labels import IGNORE_INDEX, LabelSet
from .callbacks import Keeper, Progress, Stop, WaitingShare
from .learner import Learner
from .recipe import Recipe
from .validation import Validator

LICENCES = {
    'camvid': 'CamVid (Brostow et al. 2008): academic data set, for research and evaluation',
    'cityscapes': 'as its owner grants it',
    'sticks': 'drawn by this package',
}


@dataclass(frozen=True)
class Run:
    """One training run: the recipe, its data (none where it is drawn) and where it writes."""

    recipe: Recipe
    data: tuple[Path, ...]
    output: Path
    command: str
    resume: Path | None = None
    init: Path | None = None
    max_seconds: float | None = None
    workers: int = 1


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


def layout(folder: Path) -> str:
    """Tell which data set a folder holds: 'camvid' or 'cityscapes'."""
    if (folder / 'leftImg8bit').is_dir():
        return 'cityscapes'
    if (folder / 'train').is_dir() and (folder / 'trainannot').is_dir():
        return 'camvid'
    raise UserError(f'{folder}: neither CamVid (train, trainannot) nor the layout of Cityscapes '
                    '(leftImg8bit, gtFine) is in here')


def open_training_set(folder: Path, label_set: str) -> CamVid | Cityscapes:
    """Open the training part of a folder of either layout."""
    if layout(folder) == 'camvid':
        return CamVid(folder, 'train', label_set)
    return Cityscapes(folder, 'train')


def shares(recipe: Recipe, data: tuple[Path, ...]) -> list[Share]:
    """Open the training part of each folder, with the recipe's settings for its layout."""
    label_set = LabelSet.named(recipe.label_set)
    if label_set.name == 'sticks':
        return [Share(Plain(Sticks('train', recipe.crop[0])), 1.)]
    settings = {kind: {'often': 1., 'semantics': 1., 'pasted': 10, 'cutouts': 0,
                       **recipe.sources.get(kind, {})} for kind in ('camvid', 'cityscapes')}
    scenes = [Cityscapes(folder, 'train') for folder in data if layout(folder) == 'cityscapes']
    others = [cutout for dataset in scenes for cutout in
              cutouts_of(dataset, label_set, int(settings['cityscapes']['cutouts']))]
    result = [(Plain(dataset), settings['cityscapes']) for dataset in scenes]
    result += [(pasted_camvid(folder, recipe.label_set, int(settings['camvid']['pasted']), others),
                settings['camvid']) for folder in data if layout(folder) == 'camvid']
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


def validation_samples(data: tuple[Path, ...], label_set: LabelSet, seed: int = 7) -> list:
    """CamVid val with its own whole objects pasted; 40 sticks where sticks are learnt."""
    if label_set.name == 'sticks':
        sticks = Sticks('val')
        return [sticks[index] for index in range(40)]
    samples = []
    for folder in data:
        if layout(folder) == 'camvid':
            frames = with_whole_objects(CamVid(folder, 'val', label_set.name))
            cutouts = collect(frames, label_set)
            for index, frame in enumerate(frames[::3]):
                rng = np.random.default_rng((seed, index))
                samples.append(paste(frame, cutouts, label_set, rng, index % 2 * 6)
                               if cutouts else frame)
    return samples


def train(run: Run) -> None:
    """Train; write checkpoints, logs and pictures into the output folder."""
    cv2.setNumThreads(0)
    torch.set_flush_denormal(True)  # tiny gradients would slow a CPU down manyfold
    recipe, label_set = run.recipe, LabelSet.named(run.recipe.label_set)
    run.output.mkdir(parents=True, exist_ok=True)
    (run.output / 'recipe.json').write_text(json.dumps(recipe.to_dict(), indent=1))
    stream = Stream(shares(recipe, run.data), Augmentation(
        recipe.crop, recipe.area, recipe.aspect, recipe.rich, recipe.diverse), recipe.seed)
    state = _load(run.resume) if run.resume else None
    learner = Learner(recipe, class_weights(stream, len(label_set), recipe.balance),
                      run.max_seconds)
    if run.init:
        learner.network.load_state_dict(Checkpoint.load(run.init).state)
    samples = validation_samples(run.data, label_set)
    validator = Validator(samples, label_set, tuple(recipe.input_size),
                          recipe.bandwidth) if samples else None
    keeper = Keeper(run.output, recipe.validate_every, validator, Shipper(run))
    waiting = WaitingShare()
    trainer = _trainer(run, [Stop(), keeper, waiting, Progress(refresh_rate=10)])
    trainer.fit(learner, _loader(run, stream, state), ckpt_path=run.resume, weights_only=False)
    print(f'{trainer.global_step} steps in {learner.seconds() / 60:.1f} minutes; '
          f'{100 * waiting.share:.1f} % of the time spent waiting for data')


def _trainer(run: Run, callbacks: list) -> lightning.Trainer:
    recipe = run.recipe
    return lightning.Trainer(
        max_steps=recipe.steps, max_epochs=-1, accelerator='auto', devices=1,
        precision=recipe.precision, accumulate_grad_batches=recipe.accumulate,
        gradient_clip_val=recipe.clip, use_distributed_sampler=False,
        limit_val_batches=0, num_sanity_val_steps=0, enable_checkpointing=False,
        enable_model_summary=False, log_every_n_steps=20, callbacks=callbacks,
        logger=TensorBoardLogger(run.output, name='', version='log'))


def _loader(run: Run, stream: Stream, state: dict[str, Any] | None) -> DataLoader:
    step = state['global_step'] if state else 0
    start = step * run.recipe.batch * run.recipe.accumulate
    return DataLoader(stream, run.recipe.batch, sampler=From(start), num_workers=run.workers,
                      worker_init_fn=_quiet_worker, prefetch_factor=4 if run.workers else None)


def _quiet_worker(number: int) -> None:
    """Keep a worker to one thread: the network needs the others."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)


def _load(path: Path) -> dict[str, Any]:
    try:
        return torch.load(path, map_location='cpu', weights_only=False)
    except FileNotFoundError:
        raise UserError(f'{path}: no such run to resume') from None


class Shipper:
    """Writes the network as a run-time checkpoint, with where it comes from."""

    def __init__(self, run: Run) -> None:
        """`run`: the run whose network is written."""
        self._run = run

    def __call__(self, learner: Learner, scores: dict[str, float], path: Path) -> None:
        """Write `path`."""
        recipe = self._run.recipe
        kinds = [layout(folder) for folder in self._run.data] or [recipe.label_set]
        Checkpoint(
            network=recipe.network, label_set=LabelSet.named(recipe.label_set),
            state=learner.network.state_dict(), options=recipe.options,
            embedding_dims=recipe.embedding_dims, input_size=tuple(recipe.input_size),
            bandwidth=recipe.bandwidth, mean=tuple(recipe.mean), std=tuple(recipe.std),
            provenance={'command': self._run.command, 'data': kinds,
                        'licences': [LICENCES[kind] for kind in kinds],
                        'steps': learner.global_step,
                        'minutes': round(learner.seconds() / 60, 1), 'recipe': recipe.to_dict()},
            scores={f'training_validation/{k}': round(v, 4) for k, v in scores.items()},
        ).save(path)
