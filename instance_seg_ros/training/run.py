# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a recipe and folders of data to a run, in one process or several."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import lightning
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities import rank_zero_only

from ..core.errors import UserError
from ..core.labels import LabelSet
from ..datasets import DATASETS, recognise
from ..datasets.stream import Stream
from ..inference.checkpoint import Checkpoint
from .callbacks import Keeper, Progress, Stop, WaitingShare
from .data import Batches, augmentation, class_weights, validation_samples
from .freeze import Freeze, frozen_modules
from .learner import Learner
from .new_classes import with_classes
from .recipe import Recipe
from .sources import shares
from .start import check_resumable, initialise
from .validation import Validator


@dataclass(frozen=True)
class Run:
    """One training run: the recipe, its data (none where it is drawn) and where it writes.

    Attributes:
        devices: processes of this machine that share each batch, on a GPU each where there are
            GPUs; under torchrun, its numbers count instead.
        skip_bad: train on the sound part of the data.
    """

    recipe: Recipe
    data: tuple[Path, ...]
    output: Path
    command: str
    resume: Path | None = None
    init: Path | None = None
    max_seconds: float | None = None
    workers: int = 1
    devices: int = 1
    skip_bad: bool = False


def train(run: Run) -> None:
    """Train; write checkpoints, logs and images into the output folder."""
    cv2.setNumThreads(0)
    with flushed_denormals():
        _train(run)


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Round tiny gradients to zero: they would slow a CPU down manyfold."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _train(run: Run) -> None:
    recipe = run.recipe
    if run.resume:
        check_resumable(run.resume, recipe)
    elif (run.output / 'last.ckpt').exists():
        raise UserError(f'{run.output}: there is a run in this folder; go on with it (--resume), '
                        'or name another folder.')
    stream = Stream(shares(recipe, run.data, run.skip_bad), augmentation(recipe), recipe.seed)
    learner = Learner(recipe, _class_weights(stream, recipe), run.max_seconds)
    if run.init and not run.resume:
        start = with_classes(Checkpoint.load(run.init), LabelSet.of(recipe.label_set))
        say(initialise(learner.network, start, recipe.method))
    _write_recipe(run)
    waiting = WaitingShare()
    keeper = Keeper(run.output, recipe.validate_every, _validator(run), Shipper(run))
    frozen = frozen_modules(learner.network, recipe.freeze) if recipe.freeze else []
    trainer = _trainer(run, [Stop(), Freeze(frozen), keeper, waiting, Progress(refresh_rate=10)])
    trainer.fit(learner, datamodule=Batches(stream, recipe, run.workers), ckpt_path=run.resume,
                weights_only=True)
    say(f'{trainer.global_step} steps in {learner.seconds() / 60:.1f} minutes; '
        f'{100 * waiting.share:.1f} % of the time spent waiting for data')


@rank_zero_only
def say(text: str) -> None:
    """Print in one of the processes."""
    print(text, flush=True)


@rank_zero_only
def _write_recipe(run: Run) -> None:
    run.output.mkdir(parents=True, exist_ok=True)
    (run.output / 'recipe.json').write_text(json.dumps(run.recipe.to_dict(), indent=1))


def _class_weights(stream: Stream, recipe: Recipe) -> torch.Tensor:
    classes = len(LabelSet.of(recipe.label_set))
    if recipe.task == 'embedding':
        return torch.ones(classes)
    return class_weights(stream, classes, recipe.balance)


def _validator(run: Run) -> Validator | None:
    recipe, label_set = run.recipe, LabelSet.of(run.recipe.label_set)
    if rank_zero_only.rank:
        return None
    samples = validation_samples(run.data, label_set, recipe.validation_frames,
                                 skip_bad=run.skip_bad)
    if not samples:
        say('No validation images: there will be last.safetensors, but no best.safetensors.')
        return None
    return Validator(samples, label_set, tuple(recipe.input_size), recipe.bandwidth,
                     recipe.task, recipe.method)


def _trainer(run: Run, callbacks: list) -> lightning.Trainer:
    recipe = run.recipe
    return lightning.Trainer(
        max_steps=recipe.steps, max_epochs=-1, accelerator='auto', **processes(run.devices),
        precision=recipe.precision, accumulate_grad_batches=recipe.accumulate,
        gradient_clip_val=recipe.clip, use_distributed_sampler=False,
        limit_val_batches=0, num_sanity_val_steps=0, enable_checkpointing=False,
        enable_model_summary=False, log_every_n_steps=20, callbacks=callbacks,
        logger=TensorBoardLogger(run.output, name='', version='log'))


def processes(devices: int) -> dict[str, Any]:
    """Return what Lightning has to know about processes: torchrun's, or `devices` on one machine.

    Statistics of batch norm span all processes on GPUs; PyTorch cannot do that on CPUs.
    """
    nodes = 1
    if 'TORCHELASTIC_RUN_ID' in os.environ:
        devices = int(os.environ['LOCAL_WORLD_SIZE'])
        nodes = int(os.environ['WORLD_SIZE']) // devices
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise UserError(f'There are {torch.cuda.device_count()} GPUs for {devices} processes; '
                        'lower --devices.')
    several = devices * nodes > 1
    # A branch that does not learn yet has no gradient, so unused parameters are looked for.
    strategy = DDPStrategy(find_unused_parameters=True) if several else 'auto'
    return {'devices': devices, 'num_nodes': nodes, 'strategy': strategy,
            'sync_batchnorm': several and torch.cuda.is_available()}


class Shipper:
    """Writes the network as a run-time checkpoint, with where it comes from."""

    def __init__(self, run: Run) -> None:
        """`run`: the run whose network is written."""
        self._run = run

    def __call__(self, learner: Learner, scores: dict[str, float], path: Path) -> None:
        """Write `path`."""
        recipe = self._run.recipe
        kinds = [recognise(folder) for folder in self._run.data] or ['sticks']
        Checkpoint(
            network=recipe.network, task=recipe.task,
            label_set=LabelSet.of(recipe.label_set), state=learner.network.state_dict(),
            options=recipe.options,
            embedding_dims=recipe.embedding_dims, input_size=tuple(recipe.input_size),
            method=recipe.method, bandwidth=recipe.bandwidth, mean=tuple(recipe.mean),
            std=tuple(recipe.std),
            provenance={'command': self._run.command, 'data': kinds,
                        'licences': [DATASETS[kind].licence for kind in kinds],
                        'steps': learner.global_step,
                        'minutes': round(learner.seconds() / 60, 1), 'recipe': recipe.to_dict()},
            scores={f'training_validation/{k}': round(v, 4) for k, v in scores.items()},
        ).save(path)
