# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Folding of normalisation into convolutions, for inference."""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def fold_norms(network: nn.Module) -> nn.Module:
    """Fold batch norms into the convolutions before them, in place; returns the network.

    In evaluation mode a batch norm is a scale and a shift per channel, which the convolution
    can do by itself: one pass over memory less for each. Only for networks that are not going
    to be trained or saved again.
    """
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    return network


def _fold_sequence(layers: nn.Sequential) -> None:
    for k in range(len(layers) - 1):
        conv, norm = layers[k], layers[k + 1]
        if isinstance(conv, _CONVOLUTIONS) and isinstance(norm, nn.BatchNorm2d):
            transposed = isinstance(conv, nn.ConvTranspose2d)
            layers[k] = fuse_conv_bn_eval(conv, norm, transpose=transposed)
            layers[k + 1] = nn.Identity()
