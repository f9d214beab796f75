# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""SegNet (Badrinarayanan et al., 2015): VGG16's convolutions and their mirror image."""

from torch import Tensor, nn

from .blocks import OneMap, he_initialise, pool_with_offsets, unpool

ENCODER = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64,))


def _stage(channels: int, widths: tuple[int, ...]) -> nn.Sequential:
    layers = []
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width),
                   nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*layers)


class SegNet(OneMap):
    """Five stages down, five up; each un-pooling takes the indices of its pooling."""

    stride = 32

    def __init__(self, *outputs: int):
        """Take the channels of each task's output."""
        super().__init__(*outputs)
        stages, channels = nn.ModuleList(), 3
        for widths in (*ENCODER, *DECODER):
            stages.append(_stage(channels, widths))
            channels = widths[-1]
        self.encoder, self.decoder = stages[:5], stages[5:]
        self.final = nn.Conv2d(64, sum(outputs), 3, padding=1)
        he_initialise(self)

    def map(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, sum(outputs), H, W)."""
        places = []
        for stage in self.encoder:
            x, indices = pool_with_offsets(stage(x))
            places.append(indices)
        for stage in self.decoder:
            x = stage(unpool(x, places.pop()))
        return self.final(x)
