# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dilation10 (Yu and Koltun, 2016): VGG16 without its last poolings, then a context module."""

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import OneMap, he_initialise

CONTEXT_DILATIONS = (1, 1, 2, 4, 8, 16, 32, 64, 1)


def _conv(channels: int, width: int, size: int = 3, dilation: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(channels, width, size, padding=size // 2 * dilation, dilation=dilation),
            nn.ReLU(inplace=True)]


def front_end(outputs: int) -> nn.Sequential:
    """Return VGG16 as it is up to the third pooling, dilated from there: (N, outputs, H/8, W/8).

    fc6 is the 7x7 convolution it is in VGG16, with dilation 4.
    """
    layers, channels = [], 3
    for width, count in ((64, 2), (128, 2), (256, 3)):
        for _ in range(count):
            layers += _conv(channels, width)
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    for width, dilation in ((256, 1), (512, 1), (512, 1), (512, 2), (512, 2), (512, 2)):
        layers += _conv(width, 512, dilation=dilation)
    layers += _conv(512, 4096, 7, dilation=4) + [nn.Dropout(0.5)]
    layers += _conv(4096, 4096, 1) + [nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Conv2d(4096, outputs, 1))


def context_module(channels: int) -> nn.Sequential:
    """Return ten layers of growing dilation that keep the channels; the identity at first."""
    layers = [layer for dilation in CONTEXT_DILATIONS
              for layer in _conv(channels, channels, dilation=dilation)]
    module = nn.Sequential(*layers, nn.Conv2d(channels, channels, 1))
    for layer in module:
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight)
            nn.init.zeros_(layer.bias)
    return module


class Dilation10(OneMap):
    """Front end and context module at an eighth of the size, scaled up bilinearly."""

    def __init__(self, *outputs: int):
        """Take the channels of each task's output."""
        super().__init__(*outputs)
        self.front_end = front_end(sum(outputs))
        he_initialise(self.front_end)
        self.context = context_module(sum(outputs))

    def map(self, images: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, sum(outputs), H, W)."""
        x = self.context(self.front_end(images))
        return F.interpolate(x, scale_factor=8.0, mode='bilinear', align_corners=False)
