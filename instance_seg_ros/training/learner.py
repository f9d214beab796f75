# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Lightning module: the losses of a network's task, their schedule and what is logged."""
from __future__ import annotations

import time
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.errors import UserError
from ..core.labels import LabelSet
from ..datasets.class_sets import set_members
from ..inference.clustering_methods import branch_channels
from ..networks import build_network
from .instance_losses import instance_loss
from .losses import ClassLoss, OverlapLoss, coarse_labels
from .partial_labels import without_unlabelled
from .recipe import Recipe
from .schedule import Schedule


class Learner(lightning.LightningModule):
    """Trains a network for its task: class logits, embeddings, or both together.

    Args:
        recipe: the settings.
        class_weights: float (K,) for the cross-entropy.
        max_seconds: None, or the time the run has; its schedule then follows the clock, not the
            steps.
    """

    def __init__(self, recipe: Recipe, class_weights: Tensor,
                 max_seconds: float | None = None) -> None:
        """Build the network and its losses; the seed decides the first weights."""
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.recipe, self.max_seconds = recipe, max_seconds
        label_set = LabelSet.of(recipe.label_set)
        classes, members = len(label_set), torch.from_numpy(set_members(label_set))
        channels = branch_channels(recipe.method, recipe.embedding_dims)
        self.network = build_network(recipe.network, classes, channels, recipe.task,
                                     **recipe.options).to(memory_format=torch.channels_last)
        channels = self.network.feature_channels
        self.schedule = Schedule(recipe, channels is not None)
        self.auxiliary = nn.Conv2d(channels, classes, 1) if self.schedule.needs_head() else None
        self.class_loss = ClassLoss(class_weights, members)
        self.overlap_loss = OverlapLoss()
        self.instance_loss = instance_loss(recipe)
        self.register_buffer('mean', torch.tensor(recipe.mean).view(1, 3, 1, 1))
        self.register_buffer('std', torch.tensor(recipe.std).view(1, 3, 1, 1))
        self._prepare_branches()
        self._spent, self._started, self._now = 0., None, 0.

    def _prepare_branches(self) -> None:
        """Set the share of the embedding branch, and watch the gradient of each branch."""
        branches = self.network.branches
        if branches:
            self.network.encoder_share = self.recipe.encoder_share
        elif self.recipe.encoder_share != 1:
            raise UserError(f'encoder_share is for a network with a branch for each task, such as '
                            f'enet_branched; leave it at 1 for {self.recipe.network}.')
        for task, stage in branches.items():
            stage[0].register_forward_hook(self._watch(task))

    def _watch(self, task: str):
        """Log the norm of the gradient that enters the first block of a branch."""
        def hook(module, inputs, output):
            if output.requires_grad and self.logger and self.global_step % 20 == 0:
                output.register_hook(lambda gradient: self.logger.log_metrics(
                    {f'gradient/{task}': float(gradient.norm())}, self.global_step))
        return hook

    # -- time -------------------------------------------------------------------------------

    def progress(self) -> float:
        """Share of the run that is done, 0..1: by the clock when it has a time limit."""
        done = self.global_step / self.recipe.steps
        if self.max_seconds:
            done = max(done, self.seconds() / self.max_seconds)
        return min(1., done)

    def seconds(self) -> float:
        """Time spent in training, earlier parts of a resumed run included."""
        running = time.monotonic() - self._started if self._started else 0.
        return self._spent + running

    def encoder_alone(self) -> bool:
        """Return whether the outputs have not begun to learn yet."""
        return self.schedule.encoder_alone(self._now)

    # -- Lightning --------------------------------------------------------------------------

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam; weights of convolutions decay, norms, slopes and biases do not."""
        kinds = {'adamw': torch.optim.AdamW, 'adam': torch.optim.Adam}
        decayed = [p for p in self.parameters() if p.ndim > 1]
        rest = [p for p in self.parameters() if p.ndim <= 1]
        return kinds[self.recipe.optimizer](
            [{'params': decayed, 'weight_decay': self.recipe.weight_decay},
             {'params': rest, 'weight_decay': 0.}], lr=self.recipe.learning_rate)

    def on_train_start(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the rate and the random state: both follow from the step, so resuming is exact."""
        self._now = self.progress()
        if self.max_seconds:    # clocks differ, processes must not
            self._now = self.trainer.strategy.broadcast(self._now)
        for group in self.optimizers().param_groups:
            group['lr'] = self.schedule.learning_rate(self._now)
        number = batch_idx * self.trainer.world_size + self.trainer.global_rank
        torch.manual_seed(self.recipe.seed * 1_000_003 + number)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Return the weighted sum of the losses of one batch."""
        images = self.normalise(batch['image'])
        compute = self._encoder_losses if self.encoder_alone() else self._losses
        losses = compute(images, batch)
        self.log_dict({f'loss/{name}': value.detach() for name, (_, value) in losses.items()})
        self.log_dict({'rate': self.schedule.learning_rate(self._now),
                       'weight/instance': self.schedule.instance_weight(self._now)})
        return sum(weight * value for weight, value in losses.values() if weight is not None)

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 (N, 3, H, W) RGB to the network's float32 input."""
        images = (images.float() / 255 - self.mean) / self.std
        return images.contiguous(memory_format=torch.channels_last)

    # -- losses, by name: weight (None: only shown) and value --------------------------------

    def _losses(self, images: Tensor, batch: dict[str, Tensor]) -> dict:
        outputs, features = self._outputs(images)
        result = {}
        if self.recipe.task != 'embedding':
            result |= self._class_losses(outputs[0], batch)
        if self.recipe.task != 'semantic':
            result |= self._instance_losses(outputs[-1], batch)
        if features is not None:
            coarse = F.interpolate(self.auxiliary(features), scale_factor=8.)
            coarse, = self.network.crop((coarse,), images.shape[2:])
            result['auxiliary'] = (self.schedule.auxiliary_weight(self._now), self.class_loss(
                _known(coarse, batch['classes'], batch), batch['classes'], batch['semantics']))
        return result

    def _class_losses(self, logits: Tensor, batch: dict[str, Tensor]) -> dict:
        recipe, truth = self.recipe, (batch['classes'], batch['semantics'])
        logits = _known(logits, batch['classes'], batch)
        result = {'semantic': (recipe.semantic_weight, self.class_loss(logits, *truth))}
        if recipe.overlap_weight:
            result['overlap'] = (recipe.overlap_weight, self.overlap_loss(logits, *truth))
        return result

    def _instance_losses(self, embeddings: Tensor, batch: dict[str, Tensor]) -> dict:
        weight = self.schedule.instance_weight(self._now)
        if not weight and self.recipe.task == 'both':
            return {}
        total, terms = self.instance_loss(embeddings, batch)
        return {'instance': (weight, total)} | {name: (None, term)
                                                for name, term in terms.items()}

    def _encoder_losses(self, images: Tensor, batch: dict[str, Tensor]) -> dict:
        coarse = self.auxiliary(self.network.encode(self.network.pad(images))[0])
        labels = coarse_labels(batch['classes'], coarse.shape[2:])
        coarse = _known(coarse, labels, batch)
        return {'encoder': (1., self.class_loss(coarse, labels, batch['semantics']))}

    def _outputs(self, images: Tensor) -> tuple[tuple[Tensor, ...], Tensor | None]:
        """Return the network's outputs, and its encoder's features while they have a head."""
        if not self.schedule.auxiliary_weight(self._now):
            return self.network(images), None
        encoded = self.network.encode(self.network.pad(images))
        return self.network.crop(self.network.decode(*encoded), images.shape[2:]), encoded[0]

    # -- resuming ---------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the time spent and the recipe."""
        checkpoint['seconds'] = self.seconds()
        checkpoint['recipe'] = self.recipe.to_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting where the run stopped."""
        self._spent = checkpoint['seconds']


def _known(logits: Tensor, classes: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Exclude classes that a source does not label, where a run has such a source."""
    labelled = batch.get('labelled')
    return logits if labelled is None else without_unlabelled(logits, classes, labelled)
