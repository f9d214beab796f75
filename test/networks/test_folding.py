# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Folding norms changes the cost of a network, not what it computes."""

import copy

import pytest
import torch
from torch import nn

from instance_seg_ros.networks import build_network
from instance_seg_ros.networks.folding import fold_norms


def with_random_statistics(name):
    """Return a network whose norms do something, in double precision."""
    torch.manual_seed(0)
    network = build_network(name, 5, 4).eval().double()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    return network


@pytest.mark.parametrize('name', ['enet_branched', 'enet_port'])
def test_outputs_stay_the_same(name):
    """In double precision, where no rounding can flip the place of a maximum."""
    network = with_random_statistics(name)
    folded = fold_norms(copy.deepcopy(network))
    image = torch.randn(2, 3, 64, 48, dtype=torch.float64)
    with torch.inference_mode():
        for a, b in zip(network(image), folded(image), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def test_norms_after_convolutions_are_gone():
    """Of ENet's norms only those after a sum or a concatenation remain."""
    network = with_random_statistics('enet_branched')
    before = sum(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    after = sum(isinstance(m, nn.BatchNorm2d) for m in fold_norms(network).modules())
    assert before > 100 and after == 1
