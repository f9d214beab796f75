# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lower bound of a stage's time: its work over the measured throughput of the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .measure import time_calls
from .networks import count_flops


@dataclass(frozen=True)
class Work:
    """What a stage has to do: operations, bytes in device memory, bytes to and from the host."""

    flops: float = 0.0
    memory: float = 0.0
    host: float = 0.0


@dataclass(frozen=True)
class Ceilings:
    """What a device can do in a second: operations, bytes in its memory, bytes to the host."""

    flops: float
    memory: float
    host: float

    def least_ms(self, work: Work) -> float:
        """Return the milliseconds that the scarcest of the three allows."""
        return 1e3 * max(work.flops / self.flops, work.memory / self.memory,
                         work.host / self.host)


def measure_ceilings(device: torch.device, dtype: torch.dtype, size: int = 8192,
                     megabytes: int = 1024, repeats: int = 10) -> Ceilings:
    """Measure them with a matrix product, a copy in memory, and a copy to the host."""
    a = torch.randn(size, size, device=device, dtype=dtype)
    block = torch.empty(megabytes * 1_000_000, dtype=torch.uint8, device=device)
    there, host = torch.empty_like(block), torch.empty(
        len(block) // 8, dtype=torch.uint8, pin_memory=device.type == 'cuda')
    times = time_calls({'product': lambda: a @ a, 'copy': lambda: there.copy_(block),
                        'host': lambda: host.copy_(block[:len(host)], non_blocking=True)},
                       repeats, device, title='ceilings')
    per_second = {name: 1e3 / t.median for name, t in times.items()}
    return Ceilings(2 * size ** 3 * per_second['product'], 2 * len(block) * per_second['copy'],
                    len(host) * per_second['host'])


def network_work(network: nn.Module, images: Tensor, element_size: int) -> Work:
    """Count a forward's operations and bytes; on the `meta` device nothing is computed.

    The bytes are those of convolutions alone (input, output, weights): norms and activations
    can be fused into them, so that no implementation that works layer by layer needs less.
    """
    elements = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor):
        nonlocal elements
        elements += inputs[0].numel() + output.numel()
        elements += sum(p.numel() for p in layer.parameters())

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        flops = count_flops(network, images)
    finally:
        for hook in hooks:
            hook.remove()
    return Work(flops, elements * element_size)
