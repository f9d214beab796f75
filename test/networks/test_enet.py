# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ENet: size, shape, un-pooling and gradients."""

import pytest
import torch
from torch.nn import functional as F

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.networks import blocks, build_network
from instance_seg_ros.networks.enet import BranchedENet, ENet


def test_parameter_count_is_the_papers():
    """Table 2 prints 0.36 million."""
    assert sum(p.numel() for p in ENet(8).parameters()) == 363_596


@pytest.mark.parametrize('size', [(64, 64), (61, 83), (8, 8), (1, 9)])
def test_any_size_is_kept(size):
    """Sizes that are no multiple of 8 are padded and cropped."""
    logits, embeddings = BranchedENet(19, 8).eval()(torch.randn(2, 3, *size))
    assert logits.shape == (2, 19, *size) and embeddings.shape == (2, 8, *size)


@pytest.fixture
def exporting(monkeypatch):
    """Return a function that switches networks to what they do while exporting."""
    return lambda: monkeypatch.setattr(torch.onnx, 'is_in_onnx_export', lambda: True)


def test_pooling_and_unpooling_for_export_are_bit_equal(exporting):
    """Also where values are equal: the first of them is the maximum, as in PyTorch."""
    x = torch.randint(-2, 3, (2, 5, 12, 20)) * torch.tensor([0.1])
    pooled, indices = blocks.pool_with_offsets(x)
    direct = F.max_unpool2d(pooled, indices, 2, 2)
    assert torch.equal(blocks.unpool(pooled, indices), direct)
    exporting()
    elementary, place = blocks.pool_with_offsets(x)
    assert torch.equal(elementary, pooled) and set(place.unique().tolist()) == {0., 1., 2., 3.}
    assert torch.equal(blocks.unpool(elementary, place), direct)


@pytest.mark.parametrize('name', ['enet_branched', 'enet', 'enet_port', 'segnet'])
def test_networks_for_export_are_bit_equal(exporting, name):
    """Every network that pools with indices, channels last; black borders make equal values."""
    torch.manual_seed(3)
    options = {'pixels_per_unit': 3.} if name == 'enet_branched' else {}
    network = build_network(name, 3, 4, **options).eval().to(memory_format=torch.channels_last)
    images = torch.randn(2, 3, 32, 64).contiguous(memory_format=torch.channels_last)
    images[..., :24] = 0
    with torch.inference_mode():
        direct = network(images)
        exporting()
        for a, b in zip(network(images), direct, strict=True):
            assert torch.equal(a, b)


def test_coordinates_are_added_to_two_dimensions():
    """In units of pixels_per_unit, from the image's centre."""
    plain = torch.zeros(1, 8, 4, 6)
    moved = blocks.add_coordinates(plain, 2.0)
    assert moved[0, 0, 0].tolist() == [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25]
    assert moved[0, 1, :, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert not moved[0, 2:].any()


def test_coordinates_are_exact_in_half_precision():
    """Half precision has no odd integers above 2048; the widest input has 8192 columns."""
    moved = blocks.add_coordinates(torch.zeros(1, 2, 1, 8192, dtype=torch.float16), 400.)
    wanted = (torch.arange(8192.) - 4095.5) / 400
    assert moved.dtype == torch.float16
    assert torch.equal(moved[0, 0, 0], wanted.half())


def test_encoder_share_scales_only_the_embeddings_gradient():
    """With share 0 the embedding branch does not move the shared stages."""
    torch.manual_seed(0)
    network = BranchedENet(3, 4).eval()
    image = torch.randn(1, 3, 32, 32)

    def gradients(share):
        network.zero_grad()
        network.encoder_share = share
        network(image)[1].square().mean().backward()
        return [network.stage2[0].residual[0].weight.grad.clone(),
                network.embedding_stage[0].residual[0].weight.grad.clone()]

    whole, tenth, none = gradients(1.0), gradients(0.1), gradients(0.0)
    assert torch.allclose(tenth[0], whole[0] * 0.1) and not none[0].any()
    assert torch.equal(whole[1], none[1]) and whole[1].any()


def test_unknown_network_or_option_is_named():
    """The message lists what there is."""
    with pytest.raises(UserError, match='enet_branched'):
        build_network('unet', 19)
    with pytest.raises(UserError, match='wings'):
        build_network('enet_branched', 19, wings=2)
