# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks: a batch of images in, class logits and pixel embeddings out."""

from typing import Any

from torch import Tensor, nn

from ..core.errors import UserError
from .blocks import AnySize
from .dilation import Dilation10
from .enet import BranchedENet, ENet
from .enet_port import ENetPort
from .resnet38 import ResNet38
from .segnet import SegNet

NETWORKS: dict[str, type[AnySize]] = {
    'enet_branched': BranchedENet, 'enet': ENet, 'segnet': SegNet,
    'dilation10': Dilation10, 'resnet38': ResNet38, 'enet_port': ENetPort}
TASKS = ('both', 'semantic', 'embedding')
"""What a network is for: class logits and embeddings, or one of them."""


def build_network(name: str, num_classes: int, embedding_dims: int = 8, task: str = 'both',
                  **options: Any) -> nn.Module:
    """Build a network by name.

    Its forward takes normalised images, float (N, 3, H, W) of any size, and returns a tuple:
    class logits (N, num_classes, H, W) unless the task is 'embedding', then embeddings
    (N, embedding_dims, H, W) unless the task is 'semantic'. All but 'enet_branched' (which is
    for both) have one trunk and one output map, whose channels the tasks share.
    Raises UserError for an unknown name, task or option.
    """
    if name not in NETWORKS:
        raise UserError(f'There is no network {name!r}; there are: {", ".join(NETWORKS)}.')
    network = NETWORKS[name]
    if task not in network.tasks:
        raise UserError(f'Network {name!r} is not for the task {task!r}; '
                        f'it is for: {", ".join(network.tasks)}.')
    outputs = {'both': (num_classes, embedding_dims), 'semantic': (num_classes,),
               'embedding': (embedding_dims,)}[task]
    try:
        return network(*outputs, **options)
    except TypeError as error:
        raise UserError(f'Network {name!r} does not take these options: {error}.') from error


class TwoNetworks(nn.Module):
    """Class logits of one network and embeddings of another (the paper's set-up)."""

    def __init__(self, semantic: nn.Module, embedding: nn.Module):
        """Each may be built for its task alone or for both."""
        super().__init__()
        self.semantic, self.embedding = semantic, embedding

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map normalised images (N, 3, H, W) to class logits and embeddings."""
        return self.semantic(images)[0], self.embedding(images)[-1]
