# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A training recipe: everything that decides what a run learns, read from a YAML file."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError


@dataclass
class Recipe:
    """Settings of a run. Phases are given as shares of the run, 0 = start, 1 = end.

    network, options, embedding_dims, label_set, input_size (width, height at run time),
    bandwidth: what ends up in the checkpoint. mean, std: normalisation of RGB in 0..1.
    crop: (width, height) of training pictures; area, aspect, rich, diverse: see `Augmentation`.
    batch, accumulate: pictures a step, steps an update. learning_rate, weight_decay: Adam;
    warmup: share of the run in which the rate rises; then it falls as a cosine (to 0).
    instance_start, instance_ramp: when the instance loss begins, how long it takes to full
    weight; instance_weight: that weight; encoder_share: factor on its gradient into the shared
    encoder. auxiliary_weight, auxiliary_until: a class head on the shared encoder, early on.
    balance: c of the class weights 1 / log(c + p), p the share of a class in the training pixels.
    sources: for each layout (`camvid`, `cityscapes`) how often it is drawn, and more.
    """

    network: str = 'enet_branched'
    options: dict[str, Any] = field(default_factory=dict)
    embedding_dims: int = 8
    label_set: str = 'cityscapes'
    input_size: tuple[int, int] = (768, 384)
    bandwidth: float = 1.5
    mean: tuple[float, float, float] = (.41, .42, .43)
    std: tuple[float, float, float] = (.29, .30, .30)
    crop: tuple[int, int] = (512, 256)
    area: tuple[float, float] = (.17, 1.)
    aspect: tuple[float, float] = (1.2, 3.)
    rich: float = .7
    diverse: float = 0.
    batch: int = 4
    accumulate: int = 1
    steps: int = 10000
    learning_rate: float = 5e-4
    weight_decay: float = 2e-4
    warmup: float = .02
    clip: float = 5.
    instance_start: float = 0.
    instance_ramp: float = .05
    instance_weight: float = 1.
    encoder_share: float = 1.
    auxiliary_weight: float = 0.
    auxiliary_until: float = .3
    semantic_weight: float = 1.
    balance: float = 1.02
    margin_variance: float = .5
    margin_distance: float = 1.5
    precision: str = '32-true'
    seed: int = 0
    validate_every: int = 500
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON and YAML."""
        return asdict(self)


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe; UserError names a missing file, broken YAML or an unknown setting."""
    try:
        data = yaml.safe_load(Path(path).read_text()) or {}
    except OSError as error:
        raise UserError(f'{path}: cannot read this recipe ({error.strerror})') from error
    except yaml.YAMLError as error:
        raise UserError(f'{path}: this is not YAML ({error})') from error
    known = {f.name for f in fields(Recipe)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise UserError(f'{path}: no such setting: {", ".join(unknown)}; '
                        f'there are {", ".join(sorted(known))}')
    return Recipe(**data)
