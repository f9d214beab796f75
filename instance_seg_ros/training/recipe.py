# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A training recipe: everything that decides what a run learns, read from a YAML file."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import UserError
from ..core.label_file import is_label_file, load_label_set
from ..core.package_data import share_file
from ..core.texts import shortened
from ..inference.clustering_methods import BANDWIDTHS, METHODS
from ..networks import TASKS

OPTIMIZERS = ('adamw', 'adam')


@dataclass(frozen=True)
class Recipe:
    """Settings of a run. Phases are given as shares of the run, 0 = start, 1 = end.

    The fields from `network` to `std` are what ends up in the checkpoint.

    Attributes:
        network: name of the network.
        task: 'semantic', 'embedding' or 'both'.
        options: of the network.
        embedding_dims: of the network.
        label_set: the name of a built-in set, or `LabelSet.to_dict`'s data; in a file, also a path
            relative to it.
        input_size: width, height at run time.
        method: of the clustering.
        bandwidth: of the clustering; the method's where there is none.
        mean: of RGB in 0..1, for normalisation.
        std: of RGB in 0..1, for normalisation.
        crop: (width, height) of training images.
        area: see `Augmentation`.
        aspect: see `Augmentation`.
        enlarge: see `Augmentation`.
        rich: see `Augmentation`.
        diverse: see `Augmentation`.
        disturb: see `Augmentation`.
        effects: by name, (probability, least, greatest), see `CameraEffects`.
        batch: images per step, of all processes together.
        accumulate: steps per update.
        optimizer: `adam` (decay is part of the gradient, as in the paper) or `adamw` (decoupled).
        learning_rate: of the optimizer.
        weight_decay: of the optimizer.
        warmup: share of the run in which the rate rises; then it falls as a cosine.
        final_rate: the rate falls to this many times `learning_rate` (1: it stays).
        clip: largest norm of the gradient, 0 = any.
        encoder_until: until then only the encoder learns, with a class head at an eighth of the
            size; then the decoder is attached (ENet's paper). Does not apply to a network without
            such an encoder.
        instance_start: when the instance loss begins.
        instance_ramp: how long the instance loss takes to full weight.
        instance_weight: full weight of the instance loss.
        encoder_share: factor on the gradient of the instance loss into the shared encoder of a
            branched network.
        auxiliary_weight: of the same class head as for `encoder_until`, early in the run, in
            addition to the outputs. Does not apply to a network without such an encoder.
        auxiliary_until: until then the auxiliary head is used.
        semantic_weight: of the class-weighted cross-entropy.
        overlap_weight: of the soft IoU (`OverlapLoss`, not in the paper).
        balance: c of the class weights 1 / log(c + p), p the share of a class in the training
            pixels.
        margin_variance: delta_v.
        margin_distance: delta_d.
        precision: `32-true`, `bf16-mixed` or `16-mixed`.
        freeze: `encoder` keeps its weights as they are, for few images; empty: all learn.
        validate_every: updates between two savings.
        validation_frames: scored at each saving, of each folder that has some (0: none, and there
            is no best).
        rare_below: share of the drawn images under which a class is rare and drawn more often (0:
            never).
        sources: by folder name or layout (`camvid`, `cityscapes`, `idd-lite`), see
            `SourceSettings`.
    """

    network: str = 'enet_branched'
    task: str = 'both'
    options: dict[str, Any] = field(default_factory=dict)
    embedding_dims: int = 8
    label_set: str | dict[str, Any] = 'cityscapes'
    input_size: tuple[int, int] = (768, 384)
    method: str = 'mean_shift'
    bandwidth: float | None = None
    mean: tuple[float, float, float] = (.41, .42, .43)
    std: tuple[float, float, float] = (.29, .30, .30)
    crop: tuple[int, int] = (512, 256)
    area: tuple[float, float] = (.17, 1.)
    aspect: tuple[float, float] = (1.2, 3.)
    enlarge: float = 4.
    rich: float = .7
    diverse: float = 0.
    disturb: bool = True
    effects: dict[str, Any] = field(default_factory=dict)
    batch: int = 4
    accumulate: int = 1
    steps: int = 10000
    optimizer: str = 'adamw'
    learning_rate: float = 5e-4
    weight_decay: float = 2e-4
    warmup: float = .02
    final_rate: float = .01
    clip: float = 5.
    encoder_until: float = 0.
    instance_start: float = 0.
    instance_ramp: float = .05
    instance_weight: float = 1.
    encoder_share: float = 1.
    auxiliary_weight: float = 0.
    auxiliary_until: float = .3
    semantic_weight: float = 1.
    overlap_weight: float = 0.
    balance: float = 1.02
    margin_variance: float = .5
    margin_distance: float = 1.5
    precision: str = '32-true'
    freeze: str = ''
    seed: int = 0
    validate_every: int = 500
    validation_frames: int = 40
    rare_below: float = 0.
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse settings that no run can follow."""
        for name, known in (('task', TASKS), ('optimizer', OPTIMIZERS),
                            ('method', METHODS)):
            if getattr(self, name) not in known:
                raise UserError(f'{name} is one of {", ".join(known)}, not '
                                f'{getattr(self, name)!r}.')
        if self.bandwidth is None:
            object.__setattr__(self, 'bandwidth', BANDWIDTHS[self.method])
        if self.task == 'embedding' and self.instance_start:
            raise UserError('A network for embeddings alone has nothing to learn before its '
                            'instance loss begins; set instance_start to 0.')
        if not 0 <= self.encoder_until < 1:
            raise UserError('encoder_until is the share of the run for the encoder alone, from '
                            f'0 to below 1, not {self.encoder_until}.')

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON and YAML."""
        return asdict(self)


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe; UserError names a missing file, broken YAML or a wrong setting.

    What is not there by itself is looked for among the package's: config/training/paper.yaml.
    """
    found = path if Path(path).exists() else share_file(str(path)) or path
    try:
        data = yaml.safe_load(Path(found).read_text()) or {}
    except OSError as error:
        raise UserError(f'{path}: cannot read this recipe ({error.strerror})') from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f'{path}: this is not YAML ({shortened(error, 500)})') from error
    if not isinstance(data, dict):
        raise UserError(f'{path}: a recipe consists of lines such as `steps: 1000`')
    known = {f.name: f for f in fields(Recipe)}
    unknown = sorted(map(str, set(data) - set(known)))
    if unknown:
        raise UserError(f'{path}: no such setting: {", ".join(unknown)}; '
                        f'there are {", ".join(sorted(known))}')
    label_set = data.get('label_set')
    if isinstance(label_set, str) and is_label_file(label_set):
        sibling = Path(found).parent / label_set
        data['label_set'] = load_label_set(sibling if sibling.exists() else label_set).to_dict()
    try:
        return Recipe(**{name: _number(value, known[name]) for name, value in data.items()})
    except (TypeError, ValueError) as error:
        raise UserError(f'{path}: {error}') from error


def _number(value: Any, setting: Any) -> Any:
    """Make numbers of numbers: YAML takes 1e-4, without a point, for text."""
    kind = {'int': int, 'float': float, 'float | None': float}.get(setting.type)
    if kind is None or value is None:
        return value
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f'{setting.name} is a number, not {shortened(repr(value))}') from None
