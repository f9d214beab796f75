# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Blocks shared by several networks."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def pool_with_offsets(x: Tensor) -> tuple[Tensor, Tensor]:
    """Max-pool 2x2 with stride 2; also return where each maximum was, for `unpool`.

    Args:
        x: (N, C, H, W), H and W even.

    Returns:
        (N, C, H/2, W/2) and int64 flat indices of that shape; while exporting, what
        `pool_elementary` returns.
    """
    return pool_elementary(x) if _exporting() else F.max_pool2d(x, 2, 2, return_indices=True)


def unpool(x: Tensor, places: Tensor) -> Tensor:
    """Put each value back where its maximum was, zeros elsewhere: `max_unpool2d`, bit for bit.

    Args:
        x: (N, C, H, W).
        places: what `pool_with_offsets` returned with a map of that size.

    Returns:
        (N, C, 2H, 2W).
    """
    if places.is_floating_point():
        return unpool_elementary(x, places)
    return F.max_unpool2d(x, places, 2, 2)


def pool_elementary(x: Tensor) -> tuple[Tensor, Tensor]:
    """Do what `pool_with_offsets` does, with comparisons of the four shifted slices.

    Runtimes have no fast max-pooling with indices.

    Args:
        x: (N, C, 2h, 2w).

    Returns:
        The maxima (N, C, h, w), and the place of the first maximum in each window, in reading
        order: 0 to 3, (N, h, w, C) in the dtype of x.
    """
    left, right = x[..., ::2], x[..., 1::2]                             # (N, C, 2h, w)
    of_row = torch.maximum(left, right)
    column = torch.where(left == of_row, 0., 1.)
    top, bottom = of_row[:, :, ::2], of_row[:, :, 1::2]                 # (N, C, h, w)
    pooled = torch.maximum(top, bottom)
    place = torch.where(top == pooled, column[:, :, ::2], column[:, :, 1::2] + 2)
    return pooled, place.permute(0, 2, 3, 1)


def unpool_elementary(x: Tensor, place: Tensor) -> Tensor:
    """Do what `unpool` does with comparisons, for the places of `pool_elementary`."""
    count, channels, height, width = x.shape
    places = torch.arange(4., dtype=x.dtype, device=x.device).view(2, 1, 2, 1)
    values = x.permute(0, 2, 3, 1)[:, :, None, :, None]                 # (N, h, 1, w, 1, C)
    here = place[:, :, None, :, None] == places                         # (N, h, 2, w, 2, C)
    parts = torch.where(here, values, values.new_zeros(()))     # PyTorch 2.1 exports 0. as double
    return parts.reshape(count, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)


def _exporting() -> bool:
    # PyTorch before 2.7 cannot detect whether torch.export is tracing (the exporter needs it; a
    # car that runs an older one does not).
    tracing = getattr(torch.compiler, 'is_exporting', torch.onnx.is_in_onnx_export)
    return torch.onnx.is_in_onnx_export() or tracing()


class AnySize(nn.Module):
    """Base of networks that work on multiples of `stride`: pads the image, crops the outputs.

    Attributes:
        tasks: what the network can be built for.
        feature_channels: None, or the channels of its encoder's features (see `EncoderDecoder`).
        branches: by task, the first module that is the task's own; none where all is shared.
    """

    stride = 8
    tasks: tuple[str, ...] = ('semantic', 'embedding', 'both')
    feature_channels: int | None = None

    @property
    def branches(self) -> dict[str, nn.Module]:
        """No branches, unless a network says otherwise."""
        return {}

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run `compute` on images (N, 3, H, W) of any size; outputs have the images' size."""
        return self.crop(self.compute(self.pad(images)), images.shape[2:])

    def pad(self, images: Tensor) -> Tensor:
        """Add zeros below and to the right, up to the next multiples of `stride`."""
        height, width = images.shape[2:]
        bottom, right = -height % self.stride, -width % self.stride
        return F.pad(images, (0, right, 0, bottom)) if bottom or right else images

    @staticmethod
    def crop(outputs: tuple[Tensor, ...], size: tuple[int, int]) -> tuple[Tensor, ...]:
        """Cut the outputs of a padded image to the image's own (H, W)."""
        height, width = size
        if outputs[0].shape[2:] == (height, width):
            return outputs
        return tuple(output[:, :, :height, :width] for output in outputs)

    def compute(self, images: Tensor) -> Any:
        """Map images whose sides are multiples of `stride` to a tuple of maps of their size."""
        raise NotImplementedError


class EncoderDecoder(AnySize):
    """Base of networks whose encoder can be trained before its decoder, or together with it."""

    feature_channels = 128

    def encode(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return features (N, feature_channels, H/8, W/8) and whatever else `decode` needs."""
        raise NotImplementedError

    def decode(self, features: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        """Map what `encode` returned to a tuple of maps of the image's size."""
        raise NotImplementedError

    def compute(self, images: Tensor) -> tuple[Tensor, ...]:
        """Encode, then decode."""
        return self.decode(*self.encode(images))


class OneMap(AnySize):
    """Base of networks with one output map, whose channels are shared out among the tasks."""

    def __init__(self, *outputs: int):
        """Take the channels of each output: one of them for one task, two for both."""
        super().__init__()
        self.outputs = outputs

    def compute(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return a tuple of maps (N, outputs[k], H, W)."""
        return self.map(images).split(self.outputs, 1)

    def map(self, images: Tensor) -> Tensor:
        """Map images whose sides are multiples of `stride` to (N, sum(outputs), H, W)."""
        raise NotImplementedError


def he_initialise(network: nn.Module) -> None:
    """Draw the weights of all convolutions so that ReLU layers keep the variance."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity='relu')
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class _ScaleGradient(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * ctx.scale, None


def scale_gradient(x: Tensor, scale: float) -> Tensor:
    """Return x; its gradient is multiplied by `scale` in the backward pass."""
    return x if scale == 1.0 or not torch.is_grad_enabled() else _ScaleGradient.apply(x, scale)


def add_coordinates(embeddings: Tensor, pixels_per_unit: float) -> Tensor:
    """Add each pixel's place to its first two embedding dimensions.

    embeddings (N, D, H, W), D at least 2. x and y count from the image's centre, so that the
    network only has to estimate a pixel's offset from its object. Not in the paper (in the spirit
    of Neven et al., CVPR 2019).
    """
    height, width = embeddings.shape[2:]
    like = {'dtype': torch.float32, 'device': embeddings.device}     # half ends at 2048
    x = (torch.arange(width, **like) - (width - 1) / 2) / pixels_per_unit
    y = (torch.arange(height, **like) - (height - 1) / 2) / pixels_per_unit
    if _exporting():            # runtimes are slow at taking channels apart
        places = torch.eye(2, embeddings.shape[1], **like)              # (2, D)
        return (embeddings + places[0].view(1, -1, 1, 1) * x
                + places[1].view(1, -1, 1, 1) * y.unsqueeze(1))         # (N, D, H, W)
    position = torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)])
    placed = (embeddings[:, :2] + position).to(embeddings.dtype)                # (N, 2, H, W)
    return torch.cat([placed, embeddings[:, 2:]], 1)
