# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Callbacks of a run: saving, stopping, validation, logging."""
from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import cv2
import lightning
from lightning.pytorch.callbacks import TQDMProgressBar

from .validation import Validator


class Stop(lightning.Callback):
    """Ends a run after its time, or at Ctrl-C and SIGTERM, with everything saved.

    A second signal ends it at once.
    """

    def __init__(self) -> None:
        """Do nothing yet."""
        self.asked = False
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer, learner) -> None:
        """Listen to both signals, after Lightning, which would end the run unsaved."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)

    def teardown(self, trainer, learner, stage: str) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True
        signal.signal(number, self._before[number])
        print('stopping after this step', flush=True)

    def on_train_batch_end(self, trainer, learner, outputs, batch, batch_idx: int) -> None:
        """Look at the clock and the signals after each update, not amid one: resuming is exact."""
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        over = learner.max_seconds and learner.seconds() >= learner.max_seconds
        if trainer.strategy.reduce_boolean_decision(bool(self.asked or over), all=False):
            trainer.should_stop = True


class Keeper(lightning.Callback):
    """Validates and keeps `last` and `best`, every so many updates and at the end."""

    def __init__(self, folder: Path, every: int, validator: Validator | None, ship) -> None:
        """Keep in `folder`; without a validator there is no best.

        `ship(learner, scores, path)` writes a run-time checkpoint.
        """
        self._folder, self._every, self._validator = folder, every, validator
        self._ship = ship
        self._best, self._saved = -1., -1

    def state_dict(self) -> dict[str, Any]:
        """Keep the best score over a resume."""
        return {'best': self._best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the best score back."""
        self._best = state['best']

    def on_train_batch_end(self, trainer, learner, outputs, batch, batch_idx: int) -> None:
        """Save at every `every`-th step, and not amid an update: resuming is exact."""
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        if trainer.global_step % self._every == 0 and trainer.global_step != self._saved:
            self._keep(trainer, learner)

    def on_train_end(self, trainer, learner) -> None:
        """Save what there is; a run that was stopped half way is not scored."""
        if trainer.global_step != self._saved:
            self._keep(trainer, learner, learner.progress() >= 1)

    def _keep(self, trainer, learner, score: bool = True) -> None:
        self._saved = trainer.global_step
        self._save(trainer)
        better = trainer.is_global_zero and self._ship_all(trainer, learner, score)
        if trainer.strategy.broadcast(better):
            self._save(trainer)     # again: a resumed run must start from the new best score

    def _save(self, trainer) -> None:
        trainer.save_checkpoint(self._folder / 'last.ckpt', weights_only=False)

    def _ship_all(self, trainer, learner, score: bool) -> bool:
        """Score and write `last`, and `best` where it is; returns whether it is."""
        # An encoder that learns alone is not seen in the outputs.
        scores = self._validate(trainer, learner) if score and not learner.encoder_alone() else {}
        self._ship(learner, scores, self._folder / 'last.safetensors')
        better = bool(scores) and scores['score'] > self._best
        if better:
            self._best = scores['score']
            self._ship(learner, scores, self._folder / 'best.safetensors')
        return better

    def _validate(self, trainer, learner) -> dict[str, float]:
        if self._validator is None:
            return {}
        scores, image = self._validator(learner.network, learner.normalise)
        if trainer.logger:
            trainer.logger.log_metrics({f'validation/{k}': v for k, v in scores.items()},
                                       trainer.global_step)
            trainer.logger.experiment.add_image('validation', image, trainer.global_step,
                                                dataformats='HWC')
        (self._folder / 'images').mkdir(exist_ok=True)
        cv2.imwrite(str(self._folder / 'images' / f'{trainer.global_step:06d}.jpg'),
                    cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        shown = ('miou', 'iou_car', 'iou_person', 'f1_embeddings', 'f1_components',
                 'f1_embeddings_true_classes', 'f1_components_true_classes')
        print(f'\nstep {trainer.global_step}, {learner.seconds() / 60:.1f} min: '
              + ', '.join(f'{k} {scores[k]:.3f}' for k in shown if k in scores), flush=True)
        return scores


class WaitingShare(lightning.Callback):
    """Measures which share of the time the run waits for data."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.waited = self.total = 0.
        self._end = None
        self._start = None

    def on_train_batch_start(self, trainer, learner, *args) -> None:
        """Stop waiting."""
        self._start = time.monotonic()
        if self._end is not None:
            self.waited += self._start - self._end
            self.total += self._start - self._end

    def on_train_batch_end(self, trainer, learner, *args) -> None:
        """Start waiting for the next batch."""
        self._end = time.monotonic()
        self.total += self._end - self._start
        learner.log('data/waiting', self.waited / max(self.total, 1e-9))

    @property
    def share(self) -> float:
        """Share of the time spent waiting, 0..1."""
        return self.waited / max(self.total, 1e-9)


class Progress(TQDMProgressBar):
    """A progress bar over the whole run, with the time left by the run's own measure."""

    def get_metrics(self, trainer, learner) -> dict[str, Any]:
        """Show losses and the time left."""
        done = learner.progress()
        left = learner.seconds() * (1 - done) / done if done > 0 else 0.
        shown = {k.removeprefix('loss/'): f'{float(v):.3f}'
                 for k, v in trainer.callback_metrics.items() if k.startswith('loss/')}
        return shown | {'done': f'{100 * done:.1f}%', 'left': f'{left / 60:.1f} min'}
