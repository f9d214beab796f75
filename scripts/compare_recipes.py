#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the embedding branch from scratch under variants of a recipe, and compare the scores.

Encoder and class branch are initialised with the shipped weights, the embedding branch at random.
Each variant is trained for a few steps and scored on CamVid val with pasted objects and on the val
split of rendered scenes: F1 of instances (IoU above 0.5), within the true classes and within the
predicted ones.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import torch
import yaml
from torch.utils.data import DataLoader

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.cityscapes import Cityscapes
from instance_seg_ros.datasets.stream import Stream
from instance_seg_ros.inference.checkpoint import Checkpoint, default_checkpoint
from instance_seg_ros.training.data import (
    From,
    augmentation,
    class_weights,
    validation_samples,
)
from instance_seg_ros.training.learner import Learner
from instance_seg_ros.training.recipe import Recipe, load_recipe
from instance_seg_ros.training.sources import shares
from instance_seg_ros.training.validation import Validator

RECIPES = Path(__file__).parents[1] / 'config/training'
PLAN = Path(__file__).with_suffix('.yaml')


def main() -> None:
    """Run every variant that is not in the output file yet."""
    args = _arguments()
    plan = yaml.safe_load(PLAN.read_text())
    base = dataclasses.replace(load_recipe(RECIPES / plan['recipe']), **plan['common'],
                               steps=args.steps)
    rows = json.loads(args.output.read_text()) if args.output.exists() else {}
    for name, changes in plan['variants'].items():
        if name not in rows:
            recipe = _changed(base, changes)
            rows[name] = _score(_trained(recipe, args), recipe, args)
            args.output.write_text(json.dumps(rows, indent=1))
            print(name, rows[name], flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--camvid', type=Path, required=True)
    parser.add_argument('--scenes', type=Path, required=True, help='rendered, train and val')
    parser.add_argument('--steps', type=int, default=250)
    parser.add_argument('--bandwidth', type=float, default=1.75)
    parser.add_argument('--output', type=Path, default=Path('variants.json'))
    return parser.parse_args()


def _changed(recipe: Recipe, changes: dict) -> Recipe:
    sources = {kind: {**settings, **changes.get(kind, {})}
               for kind, settings in recipe.sources.items()}
    plain = {k: v for k, v in changes.items() if k not in sources}
    return dataclasses.replace(recipe, sources=sources, **plain)


def _trained(recipe: Recipe, args: argparse.Namespace) -> Learner:
    """Train with the losses and rates of `instance_seg train`, all phases at once."""
    stream = Stream(shares(recipe, (args.camvid, args.scenes)), augmentation(recipe), recipe.seed)
    learner = Learner(recipe, class_weights(stream, 19, recipe.balance, 60))
    known = Checkpoint.load(default_checkpoint()).state
    learner.network.load_state_dict(
        {k: v for k, v in known.items() if not k.startswith('embedding_')}, strict=False)
    optimiser = learner.configure_optimizers()
    samples = iter(DataLoader(stream, recipe.batch, sampler=From(0), num_workers=1))
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group['lr'] = learner.schedule.learning_rate(step / recipe.steps)
        batch = next(samples)
        logits, embeddings = learner.network(learner.normalise(batch['image']))
        loss = learner.class_loss(logits, batch['classes'], batch['semantics'])
        loss = loss + learner.instance_loss(embeddings, batch['instances']).total
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), recipe.clip)
        optimiser.step()
    return learner


def _score(learner: Learner, recipe: Recipe, args: argparse.Namespace) -> dict[str, float]:
    labels, scenes = LabelSet.named(recipe.label_set), Cityscapes(args.scenes, 'val')
    sets = {'pasted': validation_samples((args.camvid,), labels),
            'rendered': [scenes[k] for k in range(min(30, len(scenes)))]}
    row = {}
    for name, samples in sets.items():
        scores, _ = Validator(samples, labels, recipe.input_size, args.bandwidth)(
            learner.network, learner.normalise)
        row |= {f'{name}/{key}': round(float(scores[key]), 3) for key in (
            'f1_embeddings_true_classes', 'f1_embeddings', 'f1_components', 'miou')}
    return row


if __name__ == '__main__':
    main()
