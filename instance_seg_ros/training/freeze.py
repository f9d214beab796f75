# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parts of a network that keep their weights while the rest learns."""
from __future__ import annotations

import lightning
import torch
from torch import nn

from ..core.errors import UserError

PARTS = ('encoder',)


class Freeze(lightning.Callback):
    """Keeps the weights and batch norm statistics of modules as they are."""

    def __init__(self, modules: list[nn.Module]) -> None:
        """Take the modules."""
        self._modules = modules

    def on_fit_start(self, trainer, learner) -> None:
        """Take their weights out of the training."""
        for module in self._modules:
            module.requires_grad_(False)

    def on_train_batch_start(self, trainer, learner, *args) -> None:
        """Keep their statistics: validation puts the network back into training mode."""
        for module in self._modules:
            module.eval()


def frozen_modules(network: nn.Module, part: str) -> list[nn.Module]:
    """Return the modules of a part of a network.

    Raises:
        UserError: for an unknown part, or a network that does not have it.
    """
    if part not in PARTS:
        raise UserError(f'Unknown part {part!r} to freeze; available: {", ".join(PARTS)}.')
    if network.feature_channels is None:
        raise UserError('This network has no encoder of its own; leave --freeze out.')
    return _run_by(network, lambda image: network.encode(network.pad(image)))


@torch.no_grad()
def _run_by(network: nn.Module, call) -> list[nn.Module]:
    """Return the modules with parameters that a call runs, by trying it."""
    seen: list[nn.Module] = []
    hooks = [module.register_forward_hook(lambda m, *_: seen.append(m))
             for module in network.modules() if list(module.parameters(recurse=False))
             or list(module.buffers(recurse=False))]
    was_training = network.training
    network.eval()      # or batch norm would learn from the zeros
    call(torch.zeros(1, 3, 64, 64, device=next(network.parameters()).device))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return list(dict.fromkeys(seen))
