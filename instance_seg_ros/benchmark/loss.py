# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The loss compared with the usual formulation, which copies the embeddings per instance."""

from __future__ import annotations

import argparse

import torch
from torch import Tensor
from torch.nn import functional as F

from ..arguments import image_size
from ..training.discriminative_loss import DiscriminativeLoss
from .arguments import add_common_arguments, prepare, settings
from .measure import peak_memory, time_calls
from .report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--images', type=int, default=8, metavar='N')
    parser.add_argument('--size', type=image_size, default=(768, 384), metavar='WxH')
    parser.add_argument('--instances', type=int, default=19, metavar='N', help='in each image')
    parser.add_argument('--dims', type=int, default=8, metavar='D', help='of the embeddings')
    add_common_arguments(parser, 5)


def run(args: argparse.Namespace) -> Report:
    """Time forward and backward of both formulations on the same input."""
    device = prepare(args)
    embeddings, ids = scene(args.images, args.size, args.instances, args.dims)
    embeddings, ids = embeddings.to(device).requires_grad_(), ids.to(device)
    losses = {'one-hot expansion': lambda: one_hot_loss(embeddings, ids, args.instances),
              'ours': lambda: DiscriminativeLoss()(embeddings, ids).total}
    steps = {name: lambda loss=loss: torch.autograd.grad(loss(), embeddings)
             for name, loss in losses.items()}
    times = time_calls(steps, args.repeats, device, title='loss')
    memory = {name: peak_memory(step, device) for name, step in steps.items()}
    baseline = times['one-hot expansion'].median
    rows = [{'formulation': name, 'median_ms': t.median, 'spread_ms': t.spread,
             'peak_mb': memory[name], 'times_faster': baseline / t.median}
            for name, t in times.items()]
    with torch.no_grad():
        a, b = (float(loss()) for loss in losses.values())
    return Report('loss', ('formulation',), rows, settings(args),
                  [f'Forward and backward of {args.images} images of '
                   f'{args.size[0]}x{args.size[1]} with {args.instances} instances each.',
                   f'Both are the formula of the paper; they differ by {abs(a - b) / b:.1e}.'])


def scene(images: int, size: tuple[int, int], instances: int, dims: int, seed: int = 0):
    """Return embeddings (N, D, H, W) near their instances' means, and instance ids (N, H, W).

    The instances, cars in one row of vertical stripes, cover the lower half of each image.
    """
    width, height = size
    random = torch.Generator().manual_seed(seed)
    stripe = torch.arange(width) * instances // width
    ids = torch.zeros(images, height, width, dtype=torch.int32)
    ids[:, height // 2:] = (26000 + stripe).int()
    means = 2 * torch.randn(instances, dims, generator=random)
    embeddings = means[stripe].T.reshape(1, dims, 1, width).expand(images, dims, height, width)
    return embeddings + 0.5 * torch.randn(embeddings.shape, generator=random), ids


def one_hot_loss(embeddings: Tensor, ids: Tensor, instances: int) -> Tensor:
    """Compute the formula for images whose instances are all of one class and all present.

    Every tensor of pixels has a dimension of instances, as public implementations have it.
    """
    number = (ids - ids.max() + instances).clamp_min(0).long().flatten(1)       # N, P
    mask = F.one_hot(number, instances + 1)[..., 1:].transpose(1, 2).unsqueeze(2).float()
    count = mask.sum(3)                                                         # N, C, 1
    x = embeddings.flatten(2).unsqueeze(1)                                      # N, 1, D, P
    means = (x * mask).sum(3) / count                                           # N, C, D
    distance = (means.unsqueeze(3) - x).norm(dim=2)                             # N, C, P
    hinged = (distance - 0.5).clamp_min(0).square() * mask.squeeze(2)
    variance = (hinged.sum(2) / count.squeeze(2)).mean()
    apart = (means.unsqueeze(1) - means.unsqueeze(2)).square().sum(3)           # N, C, C
    other = ~torch.eye(instances, dtype=torch.bool, device=ids.device)
    pushed = (3.0 - apart[:, other].clamp_min(1e-24).sqrt()).clamp_min(0).square()
    between = pushed.sum(1).mean() / (instances * (instances - 1))
    return variance + between + 0.001 * means.norm(dim=2).mean()
