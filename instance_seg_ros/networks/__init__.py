# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks: a batch of images in, class logits and pixel embeddings out."""

from torch import nn

from ..errors import UserError
from .enet import BranchedENet

NETWORKS = {'enet_branched': BranchedENet}


def build_network(name: str, num_classes: int, embedding_dims: int = 8, **options) -> nn.Module:
    """Build a network by name.

    Its forward takes normalised images, float (N, 3, H, W) of any size, and returns class
    logits (N, num_classes, H, W) and embeddings (N, embedding_dims, H, W).
    Raises UserError for an unknown name or option.
    """
    if name not in NETWORKS:
        raise UserError(f'There is no network {name!r}; there are: {", ".join(NETWORKS)}.')
    try:
        return NETWORKS[name](num_classes, embedding_dims, **options)
    except TypeError as error:
        raise UserError(f'Network {name!r} does not take these options: {error}.') from error
