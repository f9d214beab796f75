# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where a run starts: at the weights of another one, or where it was stopped itself."""
from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..core.errors import UserError
from ..inference.checkpoint import Checkpoint
from .recipe import Recipe

SHAPING = ('network', 'task', 'options', 'embedding_dims', 'label_set', 'method')
"""Settings that a resumed run cannot change: its weights would not fit."""


def initialise(network: nn.Module, checkpoint: Checkpoint, method: str = 'mean_shift') -> str:
    """Take over each tensor that fits by name and shape; return a sentence about the others.

    So a network for embeddings starts from one for classes, as in the paper: all but the last
    layer; and learned seeds start from a network for the mean shift, whose embeddings they keep.
    Raises UserError when nothing fits.
    """
    own = network.state_dict()
    if method == 'learned_seeds' and checkpoint.method == 'mean_shift':
        checkpoint = with_seed_channels(checkpoint)
    fitting = {name: tensor for name, tensor in checkpoint.state.items()
               if name in own and own[name].shape == tensor.shape}
    if not any(tensor.ndim > 1 for tensor in fitting.values()):
        raise UserError(f'{checkpoint.path}: no weights of this {checkpoint.network} fit the '
                        'network that is to be trained; choose the same --network.')
    network.load_state_dict(fitting, strict=False)
    left = [name for name in own if name not in fitting]
    drawn = f'; as drawn: {", ".join(left)}' if left else ''
    return f'{len(fitting)} of {len(own)} tensors are those of {checkpoint.path}{drawn}'


def with_seed_channels(checkpoint: Checkpoint) -> Checkpoint:
    """Return a mean-shift checkpoint for learned seeds: its last layer has two channels more.

    They start at 0: a radius of 0.83 embedding units, and a seed quality of one half everywhere.
    """
    wider = replace(checkpoint, method='learned_seeds', bandwidth=None, confidence={})
    shapes = {name: tensor.shape for name, tensor in wider.fresh_state().items()}
    wider.state = {name: _grown(tensor, shapes[name]) for name, tensor in checkpoint.state.items()}
    return wider


def _grown(tensor: Tensor, shape: torch.Size) -> Tensor:
    """Add zeros at the end of each axis that is too short."""
    if tensor.shape == shape:
        return tensor
    grown = tensor.new_zeros(shape)
    grown[tuple(slice(n) for n in tensor.shape)] = tensor
    return grown


def check_resumable(path: Path, recipe: Recipe) -> None:
    """Raise a UserError unless `path` is the state of a run whose weights fit the recipe.

    Only tensors and plain data are read, so that a file from elsewhere cannot run anything.
    """
    try:
        state = torch.load(path, map_location='cpu', weights_only=True, mmap=True)
    except FileNotFoundError:
        raise UserError(f'{path}: no such run to resume') from None
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise UserError(f'{path}: this is not the state of a run, or contains more than tensors '
                        'and plain data; start a new run without --resume.') from error
    if not isinstance(state, dict) or not {'recipe', 'seconds', 'state_dict'} <= set(state):
        raise UserError(f'{path}: there is no run of `instance_seg train` in this file')
    now = recipe.to_dict()
    # runs from before there were others lack these
    before = {'task': 'both', 'method': 'mean_shift', **state['recipe']}
    changed = [name for name in SHAPING if before[name] != now[name]]
    if changed:
        raise UserError(f'{path}: this run was started with another {" and ".join(changed)}; '
                        'resume it with its own recipe, or start a new one with --init.')
