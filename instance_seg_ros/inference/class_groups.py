# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Classes that are clustered together; the pixels of each cluster then elect its class.

The paper clusters the pixels of one class at a time. Where a network takes a part of a van for a
truck, that van falls apart; clustered together, its pixels stay one object of the likelier class.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from .cluster_order import order_clusters
from .clusters import NO_CLASS, ClusterTensors
from .even_sampling import take_rows

Groups = Sequence[Sequence[int]]
"""Class channels of each group; other classes are clustered alone."""
_CLASSES = 256
_COPIES = 16
"""On a GPU the votes of neighbouring columns are added at different addresses, which is faster."""
_FIXED_POINT = 1 << 12
"""Votes are integers, so that the order in which a GPU adds them does not matter."""


def head_of_class(groups: Groups, things: Sequence[int]) -> Tensor:
    """Return the class channel under which each class is clustered: int64 (256,).

    It is the lowest channel of the group among `things`; otherwise the class itself.
    """
    heads = torch.arange(_CLASSES)
    for group in groups:
        members = sorted(set(group) & set(things))
        heads[members] = min(members, default=0)
    return heads


def elect_classes(clusters: ClusterTensors, class_index: Tensor,
                  probability: Tensor) -> tuple[ClusterTensors, Tensor]:
    """Let pixels elect the classes of their clusters, without host synchronisation.

    Each pixel votes for its own class, with that class's probability.

    Args:
        clusters: of a batch, M columns.
        class_index: integer (N, H, W), class channel of each pixel, below 256.
        probability: float32 (N, H, W), of that class.

    Returns:
        The clusters in the order of their new classes, with the votes for the class per pixel as
        `probability`; and the class channels of the pixels, int64 (N, H, W), those of a cluster
        replaced by its class.
    """
    number = clusters.label_image.flatten(1).long()                              # (N, H W)
    votes = _votes(clusters, class_index, probability)                           # (N, M, 256)
    most, elected = votes.max(2)
    found = clusters.class_index != NO_CLASS
    order, place = order_clusters(elected, found, clusters.area)
    old = {name: take_rows(column, order) for name, column in clusters.tensors().items()
           if name not in ('label_image', 'invalid', 'unclaimed', 'complete')}
    shares = most / (_FIXED_POINT * clusters.area.clamp_min(1))
    new_number = place.roll(1, 1).gather(1, number)      # its last entry, 0, stands for none
    elected = torch.where(found, elected, NO_CLASS)
    of_pixel = F.pad(elected, (1, 0)).gather(1, number)
    pixels = torch.where(number > 0, of_pixel, class_index.flatten(1).long())
    shape = clusters.label_image.shape
    return replace(
        clusters, **old | {'class_index': take_rows(elected, order),
                           'probability': take_rows(shares.float(), order)},
        label_image=new_number.view(shape).to(clusters.label_image.dtype)), pixels.view(shape)


def elect_classes_of_image(clusters: ClusterTensors, class_index: Tensor,
                           probability: Tensor) -> tuple[ClusterTensors, Tensor]:
    """Do what `elect_classes` does for one image: class_index and probability (H, W)."""
    batch = replace(clusters, **{name: column.unsqueeze(0)
                                 for name, column in clusters.tensors().items()})
    batch, pixels = elect_classes(batch, class_index.unsqueeze(0), probability.unsqueeze(0))
    return replace(batch, **{name: column.squeeze(0)
                             for name, column in batch.tensors().items()}), pixels.squeeze(0)


def _votes(clusters: ClusterTensors, class_index: Tensor, probability: Tensor) -> Tensor:
    """Sum the probabilities by cluster and class of the pixel: int64 (N, M, 256)."""
    count, _, width = class_index.shape
    copies = _COPIES if class_index.is_cuda else 1
    columns = clusters.class_index.shape[1]
    image = torch.arange(count, device=class_index.device).view(count, 1, 1)
    copy = torch.arange(width, device=class_index.device) % copies
    index = (image * copies + copy) * (columns + 1) + clusters.label_image.long()
    index = index * _CLASSES + class_index.long()
    votes = torch.zeros(count * copies * (columns + 1) * _CLASSES, dtype=torch.int64,
                        device=class_index.device)
    votes.scatter_add_(0, index.flatten(), (probability * _FIXED_POINT).round().long().flatten())
    return votes.view(count, copies, columns + 1, _CLASSES).sum(1)[:, 1:]
