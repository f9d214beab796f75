# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ENet (Paszke et al., 2016), alone and branched into class logits and embeddings.

Layers follow table 1 of the paper and its authors' release: batch norm's epsilon is 1e-3,
PReLU has a slope per channel in the encoder, the decoder uses ReLU and no dropout.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import (
    EncoderDecoder,
    add_coordinates,
    pool_with_offsets,
    scale_gradient,
    unpool,
)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def _activation(channels: int, decoder: bool = False) -> nn.Module:
    return nn.ReLU(inplace=True) if decoder else nn.PReLU(channels)


class InitialBlock(nn.Module):
    """3 -> 16 channels at half size: a strided convolution and a max-pooling, concatenated."""

    def __init__(self) -> None:
        """Build the block."""
        super().__init__()
        self.conv = nn.Conv2d(3, 13, 3, stride=2, padding=1)
        self.norm, self.activation = _norm(16), _activation(16)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, 16, H/2, W/2)."""
        return self.activation(self.norm(torch.cat([self.conv(x), F.max_pool2d(x, 2, 2)], 1)))


def _regular(width: int, dilation: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)]


def _asymmetric(width: int) -> list[nn.Module]:
    return [nn.Conv2d(width, width, (5, 1), padding=(2, 0), bias=False),
            nn.Conv2d(width, width, (1, 5), padding=(0, 2))]


def _residual(channels_in: int, channels: int, middle: list[nn.Module], stride: int = 1,
              dropout: float = 0.0, decoder: bool = False) -> nn.Sequential:
    """Squeeze, transform, expand: the residual branch of a bottleneck."""
    width = channels // 4
    return nn.Sequential(
        nn.Conv2d(channels_in, width, stride, stride=stride, bias=False),
        _norm(width), _activation(width, decoder),
        *middle, _norm(width), _activation(width, decoder),
        nn.Conv2d(width, channels, 1, bias=False), _norm(channels),
        *([nn.Dropout2d(dropout)] if dropout else []))


class Bottleneck(nn.Module):
    """A residual block that keeps channels and size."""

    def __init__(self, channels: int, middle: list[nn.Module], dropout: float = 0.0,
                 decoder: bool = False) -> None:
        """`middle` are the convolutions of the squeezed branch, width channels / 4."""
        super().__init__()
        self.residual = _residual(channels, channels, middle, 1, dropout, decoder)
        self.activation = _activation(channels, decoder)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return self.activation(x + self.residual(x))


class Downsampling(nn.Module):
    """A residual block that halves the size; the skip is a max-pooling padded with zeros."""

    def __init__(self, channels_in: int, channels: int, dropout: float):
        """Build the block."""
        super().__init__()
        self.residual = _residual(channels_in, channels, _regular(channels // 4), 2, dropout)
        self.activation = _activation(channels)
        self.extra = channels - channels_in

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features at half size and the indices of the max-pooling."""
        skip, indices = pool_with_offsets(x)
        skip = F.pad(skip, (0, 0, 0, 0, 0, self.extra))
        return self.activation(skip + self.residual(x)), indices


class Upsampling(nn.Module):
    """A residual block that doubles the size; the skip un-pools with the encoder's indices."""

    def __init__(self, channels_in: int, channels: int):
        """Build the block."""
        super().__init__()
        width = channels // 4
        middle = [nn.ConvTranspose2d(width, width, 3, 2, padding=1, output_padding=1)]
        self.residual = _residual(channels_in, channels, middle, decoder=True)
        self.skip = nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False), _norm(channels))
        self.activation = _activation(channels, decoder=True)

    def forward(self, x: Tensor, indices: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, channels, 2H, 2W)."""
        return self.activation(unpool(self.skip(x), indices) + self.residual(x))


class EncoderStart(nn.Module):
    """Initial block and stage 1: the image at a quarter of its size, 64 channels."""

    def __init__(self) -> None:
        """Build both stages."""
        super().__init__()
        self.initial = InitialBlock()
        self.down = Downsampling(16, 64, 0.01)
        self.blocks = nn.Sequential(*(Bottleneck(64, _regular(16), 0.01) for _ in range(4)))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (N, 64, H/4, W/4) and pooling indices."""
        x, indices = self.down(self.initial(images))
        return self.blocks(x), indices


def context_stage() -> nn.Sequential:
    """Return eight bottlenecks of 128 channels with growing dilation (2.1-2.8 and 3.1-3.8)."""
    middles = (_regular(32), _regular(32, 2), _asymmetric(32), _regular(32, 4),
               _regular(32), _regular(32, 8), _asymmetric(32), _regular(32, 16))
    return nn.Sequential(*(Bottleneck(128, middle, 0.1) for middle in middles))


class Decoder(nn.Module):
    """Stages 4 and 5 and the full convolution: back to the image's size."""

    def __init__(self, outputs: int):
        """Build both stages; the result has `outputs` channels."""
        super().__init__()
        self.up4 = Upsampling(128, 64)
        self.stage4 = nn.Sequential(*(Bottleneck(64, _regular(16), decoder=True)
                                      for _ in range(2)))
        self.up5 = Upsampling(64, 16)
        self.stage5 = Bottleneck(16, _regular(4), decoder=True)
        self.final = nn.ConvTranspose2d(16, outputs, 2, stride=2)

    def forward(self, x: Tensor, indices1: Tensor, indices2: Tensor) -> Tensor:
        """Map (N, 128, H/8, W/8) and the encoder's pooling indices to (N, outputs, H, W)."""
        x = self.stage4(self.up4(x, indices2))
        return self.final(self.stage5(self.up5(x, indices1)))


class ENet(EncoderDecoder):
    """The network of the paper's Table 2: one encoder, one decoder, one output map."""

    def __init__(self, *outputs: int):
        """Take the channels of each task's output."""
        super().__init__()
        self.outputs = outputs
        self.start = EncoderStart()
        self.down2 = Downsampling(64, 128, 0.1)
        self.stage2, self.stage3 = context_stage(), context_stage()
        self.decoder = Decoder(sum(outputs))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return features (N, 128, H/8, W/8), stages 0 to 3, and both pooling indices."""
        x, indices1 = self.start(images)
        x, indices2 = self.down2(x)
        return self.stage3(self.stage2(x)), indices1, indices2

    def decode(self, features: Tensor, *indices: Tensor) -> tuple[Tensor, ...]:
        """Return a tuple of maps (N, outputs[k], H, W)."""
        return self.decoder(features, *indices).split(self.outputs, 1)


class BranchedENet(EncoderDecoder):
    """Shared stages 0 to 2; stage 3 and the decoder once per task (the authors' released form).

    Attributes:
        pixels_per_unit: None as in the paper, or the scale of pixel coordinates that are added to
            the first two embedding dimensions (`add_coordinates`).
        encoder_share: while training, the factor on the gradient that the embedding branch sends
            into the shared stages. An attribute rather than an option: it changes no output.
    """

    tasks = ('both',)

    def __init__(self, num_classes: int, embedding_dims: int = 8,
                 pixels_per_unit: float | None = None):
        """Build the shared stages and both branches."""
        super().__init__()
        self.pixels_per_unit = pixels_per_unit
        self.encoder_share = 1.0
        self.start = EncoderStart()
        self.down2 = Downsampling(64, 128, 0.1)
        self.stage2 = context_stage()
        self.class_stage, self.embedding_stage = context_stage(), context_stage()
        self.class_decoder, self.embedding_decoder = Decoder(num_classes), Decoder(embedding_dims)

    @property
    def branches(self) -> dict[str, nn.Module]:
        """Stage 3 of each task."""
        return {'semantic': self.class_stage, 'embedding': self.embedding_stage}

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the shared features (N, 128, H/8, W/8) and both pooling indices."""
        x, indices1 = self.start(images)
        x, indices2 = self.down2(x)
        return self.stage2(x), indices1, indices2

    def decode(self, shared: Tensor, *indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return class logits (N, K, H, W) and embeddings (N, D, H, W)."""
        logits = self.class_decoder(self.class_stage(shared), *indices)
        own = scale_gradient(shared, self.encoder_share)
        embeddings = self.embedding_decoder(self.embedding_stage(own), *indices)
        if self.pixels_per_unit:
            embeddings = add_coordinates(embeddings, self.pixels_per_unit)
        return logits, embeddings
