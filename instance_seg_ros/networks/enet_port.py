# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ENet as it is in the PyTorch port most weights come from; for those weights only.

It differs from the paper: convolutions have no bias, PReLU has one slope for all channels, the
squeezed width is a quarter of the block's input (also where it halves or doubles the size),
every convolution is normalised and activated (between the asymmetric pair and after the
expansion too), dropout is in the decoder as well, transposed convolutions are 2x2, the final
one is 3x3. Modules bear the names of the port's tensors.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import OneMap, pool_with_offsets, unpool


def _activation(decoder: bool) -> nn.Module:
    return nn.ReLU() if decoder else nn.PReLU()


def _unit(a: int, b: int, size: int | tuple[int, int] = 1, decoder: bool = False,
          **options: Any) -> list[nn.Module]:
    return [nn.Conv2d(a, b, size, bias=False, **options), nn.BatchNorm2d(b),
            _activation(decoder)]


class Initial(nn.Module):
    """3 -> 16 channels at half size; the pooling is 3x3 here."""

    def __init__(self) -> None:
        """Build the block."""
        super().__init__()
        self.main_branch = nn.Conv2d(3, 13, 3, stride=2, padding=1, bias=False)
        self.batch_norm, self.out_activation = nn.BatchNorm2d(16), nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, 16, H/2, W/2)."""
        both = torch.cat([self.main_branch(x), F.max_pool2d(x, 3, 2, 1)], 1)
        return self.out_activation(self.batch_norm(both))


class Regular(nn.Module):
    """A bottleneck that keeps channels and size: plain, dilated or asymmetric."""

    def __init__(self, channels: int, dropout: float, dilation: int = 1, decoder: bool = False):
        """Build the block; dilation 0 stands for the asymmetric pair."""
        super().__init__()
        width = channels // 4
        if dilation:
            middle = _unit(width, width, 3, decoder, padding=dilation, dilation=dilation)
        else:
            middle = (_unit(width, width, (5, 1), decoder, padding=(2, 0))
                      + _unit(width, width, (1, 5), decoder, padding=(0, 2)))
        self.ext_conv1 = nn.Sequential(*_unit(channels, width, decoder=decoder))
        self.ext_conv2 = nn.Sequential(*middle)
        self.ext_conv3 = nn.Sequential(*_unit(width, channels, decoder=decoder))
        self.ext_regul, self.out_activation = nn.Dropout2d(dropout), _activation(decoder)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        branch = self.ext_regul(self.ext_conv3(self.ext_conv2(self.ext_conv1(x))))
        return self.out_activation(x + branch)


class Down(nn.Module):
    """A bottleneck that halves the size."""

    def __init__(self, channels_in: int, channels: int, dropout: float):
        """Build the block."""
        super().__init__()
        width = channels_in // 4
        self.ext_conv1 = nn.Sequential(*_unit(channels_in, width, 2, stride=2))
        self.ext_conv2 = nn.Sequential(*_unit(width, width, 3, padding=1))
        self.ext_conv3 = nn.Sequential(*_unit(width, channels))
        self.ext_regul, self.out_activation = nn.Dropout2d(dropout), nn.PReLU()
        self.extra = channels - channels_in

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features at half size and the indices of the max-pooling."""
        skip, indices = pool_with_offsets(x)
        branch = self.ext_regul(self.ext_conv3(self.ext_conv2(self.ext_conv1(x))))
        return self.out_activation(F.pad(skip, (0, 0, 0, 0, 0, self.extra)) + branch), indices


class Up(nn.Module):
    """A bottleneck that doubles the size."""

    def __init__(self, channels_in: int, channels: int):
        """Build the block."""
        super().__init__()
        width = channels_in // 4
        self.main_conv1 = nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False),
                                        nn.BatchNorm2d(channels))
        self.ext_conv1 = nn.Sequential(*_unit(channels_in, width, decoder=True))
        self.ext_tconv1 = nn.ConvTranspose2d(width, width, 2, 2, bias=False)
        self.ext_tconv1_bnorm = nn.BatchNorm2d(width)
        self.ext_conv2 = nn.Sequential(*_unit(width, channels, decoder=True))
        self.ext_regul = nn.Dropout2d(0.1)

    def forward(self, x: Tensor, indices: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, channels, 2H, 2W)."""
        branch = F.relu(self.ext_tconv1_bnorm(self.ext_tconv1(self.ext_conv1(x))))
        branch = self.ext_regul(self.ext_conv2(branch))
        return F.relu(unpool(self.main_conv1(x), indices) + branch)


def _blocks() -> Iterator[tuple[str, nn.Module]]:
    """Yield the blocks in order, by the port's names: kind, stage, place in the stage."""
    yield 'initial_block', Initial()
    yield 'downsample1_0', Down(16, 64, 0.01)
    yield from ((f'regular1_{k}', Regular(64, 0.01)) for k in range(1, 5))
    yield 'downsample2_0', Down(64, 128, 0.1)
    for stage, first in ((2, 1), (3, 0)):
        for k, dilation in enumerate((1, 2, 0, 4, 1, 8, 0, 16), first):
            kind = {0: 'asymmetric', 1: 'regular'}.get(dilation, 'dilated')
            yield f'{kind}{stage}_{k}', Regular(128, 0.1, dilation)
    yield 'upsample4_0', Up(128, 64)
    yield from ((f'regular4_{k}', Regular(64, 0.1, decoder=True)) for k in (1, 2))
    yield 'upsample5_0', Up(64, 16)
    yield 'regular5_1', Regular(16, 0.1, decoder=True)


class ENetPort(OneMap):
    """The port: the same stages as ENet, one output map."""

    def __init__(self, *outputs: int):
        """Take the channels of each task's output."""
        super().__init__(*outputs)
        for name, block in _blocks():
            self.add_module(name, block)
        self.transposed_conv = nn.ConvTranspose2d(16, sum(outputs), 3, 2, padding=1,
                                                  output_padding=1, bias=False)

    def map(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, sum(outputs), H, W)."""
        places = []
        for block in self.children():
            if isinstance(block, Down):
                x, indices = block(x)
                places.append(indices)
            elif isinstance(block, Up):
                x = block(x, places.pop())
            else:
                x = block(x)
        return x
