# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put foreign tensors into one of our networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ...core.errors import UserError
from .names import TRANSLATIONS, without_wrappers

_COUNTER = 'num_batches_tracked'   # of batch norms; no weight, and older files lack it


@dataclass(frozen=True)
class Adoption:
    """What became of each tensor.

    Attributes:
        matched: (its name there, its name here).
        missing: names here that nothing was found for; they keep their initial values.
        left_over: (its name there, why it was not used).
    """

    matched: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    left_over: tuple[tuple[str, str], ...]

    def lines(self) -> list[str]:
        """Return the report, a line a tensor and a summary."""
        return [*(f'matched    {a} -> {b}' for a, b in self.matched),
                *(f'missing    {name}' for name in self.missing),
                *(f'left over  {name}: {why}' for name, why in self.left_over),
                f'{len(self.matched)} matched, {len(self.missing)} missing, '
                f'{len(self.left_over)} left over']


def adopt(network: nn.Module, name: str, tensors: Mapping[str, Tensor]) -> Adoption:
    """Copy every tensor whose name and shape fit into `network`, which is called `name`.

    Raises UserError when none fits.
    """
    own = network.state_dict()
    translate = TRANSLATIONS.get(name, without_wrappers)
    matched: list[tuple[str, str]] = []
    left_over: list[tuple[str, str]] = []
    taken: dict[str, Tensor] = {}
    for theirs, tensor in tensors.items():
        ours = translate(theirs)
        reason = _misfit(ours, tensor, own, taken)
        if reason:
            left_over.append((theirs, reason))
        else:
            matched.append((theirs, ours))
            taken[ours] = tensor
    if not matched:
        raise UserError(f'None of the {len(tensors)} tensors fits network {name!r}; the first is '
                        f'{next(iter(tensors), "none")!r}, ours begin with {next(iter(own))!r}.')
    network.load_state_dict(taken, strict=False)
    missing = tuple(k for k in own if k not in taken and not k.endswith(_COUNTER))
    return Adoption(tuple(matched), missing, tuple(left_over))


def _misfit(name: str, tensor: Tensor, own: Mapping[str, Tensor], taken: Mapping) -> str:
    if name not in own:
        return 'no tensor of that name here'
    if own[name].shape != tensor.shape:
        return f'shape {tuple(tensor.shape)}, here {tuple(own[name].shape)}'
    return 'a second one for the same place' if name in taken else ''
