# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A CUDA device computes what the CPU computes."""

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from training.streets import start, write_city

from instance_seg_ros.benchmark.clustering import CAR, Picture
from instance_seg_ros.benchmark.frames import draw_street
from instance_seg_ros.benchmark.loss import scene
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.mean_shift import MeanShift
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.networks import NETWORKS, build_network
from instance_seg_ros.training.discriminative_loss import DiscriminativeLoss

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(
    not torch.cuda.is_available(), reason='needs a CUDA device')]


@pytest.fixture(autouse=True)
def exact_products():
    """Keep float32 products and convolutions in float32 (no TF32)."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def test_loss_and_its_gradient():
    """The same terms and gradient, also without any instance and in half precision."""
    embeddings, ids = scene(2, (96, 48), 7, 8)
    results = []
    for device in ('cpu', 'cuda'):
        x = embeddings.to(device).requires_grad_()
        terms = DiscriminativeLoss()(x, ids.to(device))
        terms.total.backward()
        results.append([*(t.detach().cpu() for t in terms), x.grad.cpu()])
        assert DiscriminativeLoss()(x, torch.zeros_like(ids, device=device)).total == 0
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-8)
    half = DiscriminativeLoss()(embeddings.half().cuda(), ids.cuda()).total.cpu()
    torch.testing.assert_close(half, results[0][0], rtol=5e-3, atol=0)


@pytest.mark.parametrize('spread', [0.1, 0.25])
def test_clusters(spread):
    """The same instances and pixels; bit for bit when repeated."""
    numbers = []
    for device in ('cpu', 'cuda', 'cuda'):
        picture = Picture(20_000, 15, spread, device)
        found, = MeanShift()(picture.embeddings, picture.class_index, (CAR,))
        numbers.append(found.label_image.cpu().numpy())
        assert len(found.area) == 15
    assert adjusted_rand_score(numbers[0].ravel(), numbers[1].ravel()) > 0.999
    assert (numbers[1] == numbers[2]).all()


def test_a_run_trains_and_validates(tmp_path):
    """Steps, scores and pictures of a small run."""
    folder = write_city(tmp_path / 'data')
    write_city(folder, 'val', 2)
    checkpoint = start(folder, tmp_path / 'run', steps=3)
    assert checkpoint.provenance['steps'] == 3
    assert 'training_validation/f1_embeddings' in checkpoint.scores
    assert (tmp_path / 'run/pictures/000003.jpg').is_file()


@pytest.mark.parametrize('name', NETWORKS)
def test_networks(name):
    """The outputs of each network, whatever memory format."""
    torch.manual_seed(0)
    network, image = build_network(name, 5, 8).eval(), torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        wanted = network(image)
        got = network.cuda().to(memory_format=torch.channels_last)(image.cuda())
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(b.cpu(), a, rtol=1e-3, atol=1e-3 * float(a.abs().max()))


def test_segmenter_in_float32_and_half():
    """Classes agree in nearly every pixel; the records are of their own masks."""
    checkpoint, image = random_checkpoint(), draw_street((512, 256))
    wanted = InstanceSegmenter(checkpoint, 'cpu', (256, 128))(image)
    for half, share in ((False, 0.999), (True, 0.97)):
        segmenter = InstanceSegmenter(checkpoint, 'cuda', (256, 128), half=half)
        segmenter.warm_up()
        got = segmenter(image)
        got.check_pixels()
        assert (got.class_mask == wanted.class_mask).mean() > share
        again = segmenter(image)
        assert (again.instance_mask == got.instance_mask).all()
        assert again.instances == got.instances
        segmenter.close()


def test_batch_equals_single_images():
    """Pictures of different sizes in one batch; half precision may flip single pixels."""
    segmenter = InstanceSegmenter(random_checkpoint(), 'cuda', (256, 128), half=False)
    images = [draw_street((512, 256), 0), draw_street((300, 200), 1)]
    for image, together in zip(images, segmenter(images), strict=True):
        together.check_pixels()
        same = together.class_mask == segmenter(image).class_mask
        assert together.class_mask.shape == image.shape[:2] and np.mean(same) > 0.999


def test_work_is_recorded_and_the_host_waits_once():
    """No launch falls back to the direct way, and nothing but the results is waited for."""
    segmenter = InstanceSegmenter(random_checkpoint(), 'cuda', (256, 128))
    segmenter.warm_up(2)
    for plan in segmenter._engine._plans.values():
        for piece in (plan._normalise, plan._network, plan._cluster):
            assert type(piece).__name__ == '_Recorded'
    images = [draw_street((512, 256), k) for k in range(2)]
    segmenter(images)   # writes the images' size to the device, once
    torch.cuda.set_sync_debug_mode('error')
    try:
        found = segmenter(images)
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert len(found) == 2


def test_recorded_work_gives_what_the_adaptive_engine_gives():
    """The same classes, and instances that differ by single pixels."""
    segmenter = InstanceSegmenter.from_checkpoint(None, device='cuda', half=False)
    pictures = segmenter._scaled([draw_street((512, 256), k) for k in range(3)])
    settings, engine = segmenter.settings, segmenter._engine
    with torch.inference_mode():
        sizes = [(512, 256)] * 3
        replayed = engine(pictures, sizes, settings.thing_bandwidths, settings.things, {})
        direct = super(type(engine), engine).__call__(
            pictures, sizes, settings.thing_bandwidths, settings.things, {})
    for a, b in zip(replayed, direct, strict=True):
        assert (a.class_mask == b.class_mask).mean() > 0.999
        assert adjusted_rand_score(a.label_image.ravel(), b.label_image.ravel()) > 0.9


def test_memory_does_not_grow():
    """After the first frames the allocator needs no more."""
    segmenter = InstanceSegmenter(random_checkpoint(), 'cuda', (256, 128))
    image = draw_street((512, 256))
    for _ in range(20):
        segmenter(image)
    before = torch.cuda.memory_reserved()
    for _ in range(200):
        segmenter(image)
    assert torch.cuda.memory_reserved() <= 1.01 * before


def test_closing_frees_the_network():
    """The weights are no longer on the device."""
    before = torch.cuda.memory_allocated()
    segmenter = InstanceSegmenter(random_checkpoint(), 'cuda', (256, 128))
    assert torch.cuda.memory_allocated() > before
    segmenter.close()
    assert torch.cuda.memory_allocated() < before + 1_000_000
