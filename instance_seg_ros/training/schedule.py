# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Schedule of a recipe: which parts and losses are active at a moment of a run."""
from __future__ import annotations

import math

from .recipe import Recipe


class Schedule:
    """Rates and weights by the share of the run that is done, 0..1."""

    def __init__(self, recipe: Recipe, has_encoder: bool) -> None:
        """has_encoder: whether the network has an encoder that can learn by itself."""
        self._recipe = recipe
        self._classes_on_encoder = has_encoder and recipe.task != 'embedding'

    def encoder_alone(self, done: float) -> bool:
        """Return whether only the encoder learns now, with a class head of its own."""
        return self._classes_on_encoder and done < self._recipe.encoder_until

    def learning_rate(self, done: float) -> float:
        """Rise for `warmup`, then a cosine down to `final_rate`, in each of the phases."""
        recipe = self._recipe
        done, warmup = self._in_phase(done), recipe.warmup
        if done < warmup:
            return recipe.learning_rate * max(.02, done / warmup)
        falling = (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2
        return recipe.learning_rate * max(recipe.final_rate, falling)

    def instance_weight(self, done: float) -> float:
        """Weight of the instance loss: 0, then rising, then the recipe's."""
        recipe = self._recipe
        since = done - recipe.instance_start
        ramp = since / recipe.instance_ramp if recipe.instance_ramp else 1.
        return recipe.instance_weight * min(1., ramp) if since >= 0 else 0.

    def auxiliary_weight(self, done: float) -> float:
        """Weight of the auxiliary class head on the encoder; 0 if there is none."""
        early = done < self._recipe.auxiliary_until
        return self._recipe.auxiliary_weight if self._classes_on_encoder and early else 0.

    def needs_head(self) -> bool:
        """Return whether a class head on the encoder is ever used."""
        recipe = self._recipe
        return self._classes_on_encoder and bool(recipe.encoder_until or recipe.auxiliary_weight)

    def _in_phase(self, done: float) -> float:
        """Share of the phase that is done: the encoder alone, then all (often the only one)."""
        until = self._recipe.encoder_until if self._classes_on_encoder else 0.
        return done / until if done < until else (done - until) / (1 - until)
