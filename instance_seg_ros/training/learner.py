# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Lightning module: both losses, their schedule and what is logged."""
from __future__ import annotations

import math
import time
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..labels import IGNORE_INDEX, LabelSet
from ..loss import DiscriminativeLoss
from ..networks import build_network
from .recipe import Recipe


class Learner(lightning.LightningModule):
    """Trains class logits and embeddings of one network together.

    recipe: the settings. class_weights: float (K,) for the cross-entropy. max_seconds: None, or
    the time the run has; its schedule then follows the clock, not the steps.
    """

    def __init__(self, recipe: Recipe, class_weights: Tensor,
                 max_seconds: float | None = None) -> None:
        """Build the network and its losses; the seed decides the first weights."""
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.recipe, self.max_seconds = recipe, max_seconds
        classes = len(LabelSet.named(recipe.label_set))
        self.network = build_network(recipe.network, classes, recipe.embedding_dims,
                                     **recipe.options).to(memory_format=torch.channels_last)
        self.auxiliary = nn.Conv2d(128, classes, 1) if recipe.auxiliary_weight else None
        self.instance_loss = DiscriminativeLoss(recipe.margin_variance, recipe.margin_distance)
        self.register_buffer('class_weights', class_weights, persistent=False)
        self.register_buffer('mean', torch.tensor(recipe.mean).view(1, 3, 1, 1))
        self.register_buffer('std', torch.tensor(recipe.std).view(1, 3, 1, 1))
        self._spent, self._started = 0., None

    # -- schedule ---------------------------------------------------------------------------

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

    def learning_rate(self) -> float:
        """Rise for `warmup`, then a cosine down to 1 % of the recipe's rate."""
        done, warmup = self.progress(), self.recipe.warmup
        if done < warmup:
            return self.recipe.learning_rate * max(.02, done / warmup)
        falling = (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2
        return self.recipe.learning_rate * max(.01, falling)

    def instance_weight(self) -> float:
        """Weight of the instance loss now: 0, then rising, then the recipe's."""
        since = self.progress() - self.recipe.instance_start
        ramp = since / self.recipe.instance_ramp if self.recipe.instance_ramp else 1.
        return self.recipe.instance_weight * min(1., ramp) if since >= 0 else 0.

    # -- Lightning --------------------------------------------------------------------------

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with decoupled decay on the convolutions; norms, slopes and biases have none."""
        decayed = [p for p in self.parameters() if p.ndim > 1]
        rest = [p for p in self.parameters() if p.ndim <= 1]
        return torch.optim.AdamW(
            [{'params': decayed, 'weight_decay': self.recipe.weight_decay},
             {'params': rest, 'weight_decay': 0.}], lr=self.recipe.learning_rate)

    def on_train_start(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the rate and the random state: both follow from the step, so resuming is exact."""
        for group in self.optimizers().param_groups:
            group['lr'] = self.learning_rate()
        torch.manual_seed(self.recipe.seed * 1_000_003 + batch_idx)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Return the weighted sum of the losses of one batch."""
        logits, embeddings, shared = self._outputs(self.normalise(batch['image']))
        loss = self.recipe.semantic_weight * self.cross_entropy(logits, batch)
        logged = {'semantic': loss.detach()}
        weight = self.instance_weight()
        if weight:
            terms = self.instance_loss(embeddings, batch['instances'])
            loss = loss + weight * terms.total
            logged |= {'instance': terms.total.detach(), 'variance': terms.variance.detach(),
                       'distance': terms.distance.detach()}
        if self.auxiliary is not None and self.progress() < self.recipe.auxiliary_until:
            coarse = F.interpolate(self.auxiliary(shared), scale_factor=8.)
            loss = loss + self.recipe.auxiliary_weight * self.cross_entropy(coarse, batch)
        self.log_dict({f'loss/{k}': v for k, v in logged.items()})
        self.log_dict({'rate': self.learning_rate(), 'weight/instance': weight})
        return loss

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 (N, 3, H, W) RGB to the network's float32 input."""
        images = (images.float() / 255 - self.mean) / self.std
        return images.contiguous(memory_format=torch.channels_last)

    def cross_entropy(self, logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Class-weighted cross-entropy; each picture counts by its `semantics` weight."""
        weights = self.class_weights.to(logits.dtype)
        loss = F.cross_entropy(logits, batch['classes'], weights, ignore_index=IGNORE_INDEX,
                               reduction='none')
        known = batch['classes'] != IGNORE_INDEX
        counted = torch.where(known, weights[batch['classes'].clamp_max(len(weights) - 1)], 0.)
        counted = counted * batch['semantics'].view(-1, 1, 1)
        return (loss * batch['semantics'].view(-1, 1, 1)).sum() / counted.sum().clamp_min(1.)

    def _outputs(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, embeddings and the shared features, whose gradients are watched per branch."""
        self.network.encoder_share = self.recipe.encoder_share
        shared: list[Tensor] = []
        handles = [self.network.stage2.register_forward_hook(
            lambda module, inputs, output: shared.append(output))]
        handles += [stage[0].register_forward_hook(self._watch(name)) for name, stage in (
            ('semantic', self.network.class_stage), ('instance', self.network.embedding_stage))]
        try:
            logits, embeddings = self.network(images)
        finally:
            for handle in handles:
                handle.remove()
        return logits, embeddings, shared[0]

    def _watch(self, name: str):
        """Log the norm of the gradient that enters the first block of a branch."""
        def hook(module, inputs, output):
            if output.requires_grad and self.global_step % 20 == 0:
                output.register_hook(lambda gradient: self.logger and self.logger.log_metrics(
                    {f'gradient/{name}': float(gradient.norm())}, self.global_step))
        return hook

    # -- resuming ---------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the time spent and the recipe."""
        checkpoint['seconds'] = self.seconds()
        checkpoint['recipe'] = self.recipe.to_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting where the run stopped."""
        self._spent = checkpoint['seconds']
