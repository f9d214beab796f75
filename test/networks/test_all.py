# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every network: the papers' sizes, the outputs of each task, any image size."""

import pytest
import torch
from torch import nn

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.networks import NETWORKS, TASKS, TwoNetworks, build_network

PARAMETERS = {'enet': 363_596, 'segnet': 29_447_624, 'dilation10': 134_298_648,
              'resnet38': 123_982_664}
SMALL = ('enet_branched', 'enet', 'enet_port')


def on_meta(name, *args, **options):
    """Build without memory for the weights."""
    with torch.device('meta'):
        return build_network(name, *args, **options).eval()


@pytest.mark.parametrize('name', PARAMETERS)
def test_parameter_counts_are_the_papers(name):
    """Trainable parameters with 8 outputs, as embedding and as semantic network."""
    for network in (on_meta(name, 19, 8, 'embedding'), on_meta(name, 8, 3, 'semantic')):
        counts = [p.numel() for p in network.parameters() if p.requires_grad]
        assert sum(counts) == PARAMETERS[name]


def test_parts_have_the_sizes_of_the_papers():
    """ResNet-38's trunk, Dilation10's front end and the port."""
    trunk = [p.numel() for n, p in on_meta('resnet38', 8, task='semantic').named_parameters()
             if not n.startswith('head')]
    assert sum(trunk) == 105_070_912
    front = on_meta('dilation10', 8, task='semantic').front_end
    assert sum(p.numel() for p in front.parameters()) == 134_293_320
    port = on_meta('enet_port', 8, task='semantic')
    assert round(sum(p.numel() for p in port.parameters()) / 1e6, 2) == 0.35


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('name', NETWORKS)
def test_outputs_of_each_task(name, task):
    """Logits first, embeddings last, both of the image's size."""
    if task not in NETWORKS[name].tasks:
        with pytest.raises(UserError, match=f'{name}.*{task}'):
            build_network(name, 19, 8, task)
        return
    outputs = on_meta(name, 19, 8, task)(torch.empty(2, 3, 61, 83, device='meta'))
    channels = {'both': [19, 8], 'semantic': [19], 'embedding': [8]}[task]
    assert [tuple(o.shape) for o in outputs] == [(2, c, 61, 83) for c in channels]


@pytest.mark.parametrize('name', ['segnet', 'dilation10', 'resnet38'])
def test_large_networks_compute(name):
    """Real weights on a tiny image: finite, different in every pixel block, gradients flow."""
    torch.manual_seed(0)
    network = build_network(name, 2, 3)
    logits, embeddings = network.eval()(torch.randn(1, 3, 16, 24))
    assert logits.shape == (1, 2, 16, 24) and embeddings.shape == (1, 3, 16, 24)
    assert torch.isfinite(logits).all() and embeddings.std() > 1e-6
    embeddings.square().mean().backward()
    first = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
    assert first.weight.grad.abs().max() > 0


@pytest.mark.parametrize('name', SMALL)
def test_padding_changes_only_the_border(name):
    """What a multiple of the stride gives is what the network itself gives."""
    torch.manual_seed(1)
    network = build_network(name, 2, 3).eval()
    image = torch.randn(1, 3, 32, 40)
    for whole, bare in zip(network(image), network.compute(image), strict=True):
        assert torch.equal(whole, bare)


def test_resnet38_strides_and_dilations():
    """Stride 8 in all; level 5 dilates by 2 from its second convolution, 6 and 7 by 4."""
    blocks = on_meta('resnet38', 8).blocks
    assert list(blocks) == ['2a', '2b1', '2b2', '3a', '3b1', '3b2', '4a', '4b1', '4b2', '4b3',
                            '4b4', '4b5', '5a', '5b1', '5b2', '6a', '7a']
    dilations = {name: [conv.dilation[0] for conv in blocks[name].convs]
                 for name in ('4a', '5a', '5b1', '6a', '7a')}
    assert dilations == {'4a': [1, 1], '5a': [1, 2], '5b1': [2, 2], '6a': [1, 4, 1],
                         '7a': [1, 4, 1]}
    projected = [name for name, block in blocks.items() if block.projection is not None]
    assert projected == ['2a', '3a', '4a', '5a', '6a', '7a']


def test_dilation10_context_starts_as_the_identity():
    """On positive input, as its initialisation wants."""
    context = build_network('dilation10', 2, task='semantic').context
    x = torch.rand(1, 2, 9, 7)
    assert torch.equal(context(x), x)


def test_two_networks_give_logits_of_one_and_embeddings_of_the_other():
    """Whatever else either could give."""
    torch.manual_seed(2)
    both, one = build_network('enet_branched', 3, 4).eval(), build_network('enet', 3, 4).eval()
    image = torch.randn(1, 3, 16, 16)
    logits, embeddings = TwoNetworks(one, both)(image)
    assert torch.equal(logits, one(image)[0]) and torch.equal(embeddings, both(image)[1])


def test_unknown_task_is_named():
    """The message lists what the network is for."""
    with pytest.raises(UserError, match='semantic'):
        build_network('enet', 19, task='depth')
