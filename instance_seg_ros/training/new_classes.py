# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Weights of one label set as the start for another: classes in common keep their channels."""
from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..core.labels import LabelSet
from ..inference.checkpoint import Checkpoint
from ..networks import build_network


def with_classes(checkpoint: Checkpoint, label_set: LabelSet) -> Checkpoint:
    """Return a checkpoint whose class channels are those of another label set.

    A class of the new set starts from the channel of a class that the set maps to it or that has
    its name, else from freshly drawn weights; everything else is kept.
    """
    if checkpoint.label_set.names == label_set.names or checkpoint.task == 'embedding':
        return checkpoint
    fresh = _state(checkpoint, len(label_set))
    sources = _sources(checkpoint.label_set, label_set)
    classes = len(checkpoint.label_set)
    state = dict(checkpoint.state)
    for name, axis in _class_axes(checkpoint).items():
        if name in state:
            state[name] = _rearranged(state[name], fresh[name], axis, classes, sources)
    return replace(checkpoint, label_set=label_set, state=state, confidence={})


def _sources(old: LabelSet, new: LabelSet) -> list[int | None]:
    """Return, for each class of `new`, the channel in `old` that it starts from."""
    targets = [new.target('checkpoint', name) for name in old.names]
    return [targets.index(name) if name in targets else None for name in new.names]


def _class_axes(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the tensors that have an axis of classes: those that grow with their number."""
    count = len(checkpoint.label_set)
    now, more = _state(checkpoint, count), _state(checkpoint, count + 1)
    return {name: next(k for k, (a, b) in enumerate(zip(now[name].shape, more[name].shape,
                                                        strict=True)) if a != b)
            for name in now if now[name].shape != more[name].shape}


def _state(checkpoint: Checkpoint, classes: int) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_network(checkpoint.network, classes, checkpoint.embedding_dims,
                             checkpoint.task, **checkpoint.options).state_dict()


def _rearranged(tensor: Tensor, fresh: Tensor, axis: int, classes: int,
                sources: list[int | None]) -> Tensor:
    """Put the class channels in the new order; what follows them on the axis is kept."""
    rows = [(fresh if source is None else tensor).narrow(axis, k if source is None else source, 1)
            for k, source in enumerate(sources)]
    rest = tensor.narrow(axis, classes, tensor.shape[axis] - classes)
    return torch.cat([*rows, rest], axis)
