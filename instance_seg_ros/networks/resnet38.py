# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ResNet-38 (Wu et al., 2016, model A): wide, shallow and pre-activated."""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import OneMap, he_initialise


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1.001e-5)


class Block(nn.Module):
    """A residual block: each convolution comes after its batch norm and ReLU.

    Where channels or size change, the skip connection is a 1x1 projection of the activated input.

    Args:
        channels: of the input.
        sizes: of the kernels of its two or three convolutions.
        widths: output channels of each convolution.
        dilations: of each convolution.
        stride: of the first convolution.
        dropout: before the last convolution.
    """

    def __init__(self, channels: int, sizes: Sequence[int], widths: Sequence[int],
                 dilations: Sequence[int], stride: int = 1, dropout: float = 0.0) -> None:
        """Build the convolutions and their norms."""
        super().__init__()
        inputs = (channels, *widths[:-1])
        strides = (stride, 1, 1)
        self.norms = nn.ModuleList(_norm(width) for width in inputs)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, size, s, padding=size // 2 * d, dilation=d, bias=False)
            for a, b, size, s, d in zip(inputs, widths, sizes, strides, dilations, strict=False))
        changes = channels != widths[-1] or stride > 1
        self.projection = (nn.Conv2d(channels, widths[-1], 1, stride, bias=False)
                           if changes else None)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, widths[-1], H / stride, W / stride)."""
        active = F.relu(self.norms[0](x))
        skip = x if self.projection is None else self.projection(active)
        for norm, conv in zip(self.norms[1:], self.convs[:-1], strict=True):
            active = F.relu(norm(conv(active)))
        return skip + self.convs[-1](self.dropout(active))


def _blocks() -> Iterator[tuple[str, Block]]:
    """Yield the blocks by the names they have in the authors' weights: 2a, 2b1, 2b2, 3a, ..."""
    channels = 64
    for level, count, widths, stride, dilations in (
            (2, 3, (128, 128), 2, (1, 1)), (3, 3, (256, 256), 2, (1, 1)),
            (4, 6, (512, 512), 2, (1, 1)), (5, 3, (512, 1024), 1, (2, 2))):
        for k in range(count):
            # Level 5 keeps the size; dilation replaces its stride, from the second convolution.
            first = (1, dilations[1]) if k == 0 else dilations
            yield (f'{level}b{k}' if k else f'{level}a',
                   Block(channels, (3, 3), widths, first, 1 if k else stride))
            channels = widths[-1]
    yield '6a', Block(1024, (1, 3, 1), (512, 1024, 2048), (1, 4, 1), dropout=0.3)
    yield '7a', Block(2048, (1, 3, 1), (1024, 2048, 4096), (1, 4, 1), dropout=0.5)


class ResNet38(OneMap):
    """Trunk at an eighth of the size and a head of two dilated convolutions."""

    def __init__(self, *outputs: int):
        """Take the channels of each task's output."""
        super().__init__(*outputs)
        self.conv1a = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.blocks = nn.ModuleDict(_blocks())
        self.bn7 = _norm(4096)
        self.head = nn.Sequential(
            nn.Conv2d(4096, 512, 3, padding=12, dilation=12), nn.ReLU(inplace=True),
            nn.Conv2d(512, sum(outputs), 3, padding=12, dilation=12))
        he_initialise(self)

    def map(self, images: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, sum(outputs), H, W)."""
        x = self.conv1a(images)
        for block in self.blocks.values():
            x = block(x)
        x = self.head(F.relu(self.bn7(x)))
        return F.interpolate(x, scale_factor=8.0, mode='bilinear', align_corners=False)
