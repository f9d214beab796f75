# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The loss of learned seeds against its definition, pixel by pixel in float64."""
import dataclasses

import numpy as np
import pytest
import torch
from training.streets import start

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.training.instance_losses import LearnedSeedsLoss
from instance_seg_ros.training.learner import Learner
from instance_seg_ros.training.recipe import Recipe
from instance_seg_ros.training.seed_loss import SeedLoss, lovasz_hinge
from instance_seg_ros.training.start import initialise

CITY = LabelSet.named('cityscapes')
CAR = CITY.names.index('car')


def slow_lovasz(logits, truth):
    """Sum over the sorted errors of error x increase of the Jaccard loss (Berman, eq. 9)."""
    errors = 1 - logits * (2. * truth - 1)
    order, loss, before = np.argsort(-errors, kind='stable'), 0., 0.
    for last in range(1, len(order) + 1):
        wrong = np.zeros(len(order), bool)
        wrong[order[:last]] = True
        predicted = truth ^ wrong
        jaccard = 1 - (predicted & truth).sum() / (predicted | truth).sum()
        loss += max(errors[order[last - 1]], 0) * (jaccard - before)
        before = jaccard
    return loss


def test_the_lovasz_hinge_is_that_of_its_definition():
    random = np.random.default_rng(0)
    logits, truth = random.normal(size=(3, 20)), random.random((3, 20)) < .4
    expected = [slow_lovasz(a, b) for a, b in zip(logits, truth, strict=True)]
    everything = torch.ones(3, 20, dtype=torch.bool)
    found = lovasz_hinge(torch.from_numpy(logits), torch.from_numpy(truth), everything)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    known = everything.clone()
    known[:, 5:9] = False
    kept = known[0].numpy()
    expected = [slow_lovasz(a[kept], b[kept]) for a, b in zip(logits, truth, strict=True)]
    found = lovasz_hinge(torch.from_numpy(logits), torch.from_numpy(truth), known)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def batch():
    """Two images of 6 x 8: two cars and a person in the first, nothing in the second."""
    ids = torch.zeros(2, 6, 8, dtype=torch.long)
    ids[0, 1:3, 1:4], ids[0, 1:4, 4:7], ids[0, 4:, 2:5] = 26000, 26001, 24000
    background = ids == 0
    background[0, :, 7] = False
    torch.manual_seed(0)
    return torch.randn(2, 5, 6, 8, dtype=torch.float64), ids, background


def slow_terms(outputs, ids, background):
    """Smoothness and seed by their definitions."""
    embedding, s = outputs[:, :3], outputs[:, 3].clamp(-.5, .5)
    quality, pixels = outputs[:, 4].sigmoid(), int((background | (ids > 0)).sum())
    smooth, seed = [], (quality[background] ** 2).sum()
    for value in ids.unique()[1:]:
        own = ids == value
        points, mean_s = embedding.permute(0, 2, 3, 1)[own], s[own].mean()
        phi = torch.exp(-((points - points.mean(0)) ** 2).sum(1) * torch.exp(10 * mean_s))
        smooth.append(((s[own] - mean_s) ** 2).mean())
        seed = seed + 10 * ((quality[own] - phi) ** 2).sum()
    return sum(smooth) / len(smooth), seed / pixels


def test_smoothness_and_seeds_are_those_of_their_definitions():
    outputs, ids, background = batch()
    terms = SeedLoss()(outputs, ids, background)
    smooth, seed = slow_terms(outputs, ids, background)
    torch.testing.assert_close(terms.smoothness, smooth)
    torch.testing.assert_close(terms.seed, seed)
    torch.testing.assert_close(terms.total, terms.overlap + 10 * smooth + seed)


def test_the_overlap_is_that_of_the_window_where_it_shows_each_pixel_equally():
    """An instance whose enlarged box is the image, seen at a whole number of samples a pixel."""
    outputs, ids = batch()[0][:1], torch.zeros(1, 6, 8, dtype=torch.long)
    ids[0, 2:4, 3:6] = 26000
    loss = SeedLoss(samples=24, far=0)
    ids_wide = torch.zeros(1, 6, 8, dtype=torch.long)
    ids_wide[0, 1:5, 2:6] = 26000           # enlarged by its size: beyond all borders
    terms = loss(outputs, ids_wide, ids_wide == 0)
    points = outputs[0, :3].permute(1, 2, 0).reshape(-1, 3)
    own = (ids_wide[0] > 0).flatten()
    sharp = torch.exp(10 * outputs[0, 3].clamp(-.5, .5).flatten()[own].mean())
    phi = torch.exp(-((points - points[own].mean(0)) ** 2).sum(1) * sharp)
    expected = slow_lovasz((2 * phi - 1).repeat(12).numpy(), own.repeat(12).numpy())
    torch.testing.assert_close(float(terms.overlap), float(expected))


def test_perfect_clusters_cost_nothing_and_no_instances_leave_the_background():
    outputs, ids, background = batch()
    outputs.zero_()
    outputs[:, 3], outputs[:, 4] = .3, 40.
    for k, value in enumerate(ids.unique()[1:]):
        outputs[0, 0][ids[0] == value] = 5. * k
    outputs[:, 0][background], outputs[:, 4][background] = -50., -40.
    terms = SeedLoss()(outputs, ids, background)
    assert terms.total < 1e-6
    outputs.requires_grad_()
    nothing = SeedLoss()(outputs[1:], ids[1:], background[1:])
    nothing.total.backward()
    assert nothing.overlap == 0 and torch.isfinite(outputs.grad).all()


def test_gradients_are_exact():
    outputs, ids, background = batch()
    loss = SeedLoss(samples=12, far=8)

    def overlap(x):
        torch.manual_seed(1)
        return loss(x, ids, background).overlap
    assert torch.autograd.gradcheck(overlap, .3 * outputs.requires_grad_(), eps=1e-6, atol=1e-5)


def test_groups_and_void_take_no_part():
    """Whatever the outputs are there."""
    outputs, ids, _ = batch()
    classes = torch.full(ids.shape, CITY.names.index('road'))
    classes[ids > 0], classes[0, :, 7], classes[0, 5, 0] = CAR, 255, CAR
    torch.manual_seed(1)
    first, _ = LearnedSeedsLoss(CITY)(outputs, {'classes': classes, 'instances': ids})
    outputs[0, :, :, 7], outputs[0, :, 5, 0] = 1e3, -1e3
    torch.manual_seed(1)
    second, _ = LearnedSeedsLoss(CITY)(outputs, {'classes': classes, 'instances': ids})
    torch.testing.assert_close(first, second)


def test_a_network_for_the_mean_shift_becomes_one_for_learned_seeds():
    """Its embeddings stay; radius and seeds start the same everywhere."""
    old = random_checkpoint(1, options={'pixels_per_unit': 50})
    learner = Learner(Recipe(method='learned_seeds', options={'pixels_per_unit': 50}),
                      torch.ones(19))
    said = initialise(learner.network, old, 'learned_seeds')
    assert 'as drawn' not in said
    image = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        before, after = old.build()(image), learner.network.eval()(image)
    torch.testing.assert_close(after[0], before[0])
    torch.testing.assert_close(after[1][:, :8], before[1])
    assert after[1].shape[1] == 10 and not after[1][:, 8:].any()


def test_a_run_of_learned_seeds_ends_in_a_checkpoint_that_segments(folder, tmp_path):
    from training.streets import write_city
    write_city(folder, 'val', 2)
    checkpoint = start(folder, tmp_path / 'run', method='learned_seeds', instance_start=0.,
                       input_size=[64, 64], steps=2, validate_every=2)
    assert (checkpoint.method, checkpoint.bandwidth) == ('learned_seeds', 1.)
    assert 'training_validation/f1_embeddings' in checkpoint.scores
    segmenter = InstanceSegmenter(Checkpoint.load(tmp_path / 'run/last.safetensors'), 'cpu')
    segmenter(np.zeros((32, 64, 3), np.uint8))
    assert dataclasses.replace(checkpoint, bandwidth=2.).bandwidths['car'] == 2.


def test_an_unknown_method_is_refused():
    with pytest.raises(Exception, match='mean_shift, learned_seeds'):
        Recipe(method='watershed')
    with pytest.raises(Exception, match='mean_shift, learned_seeds'):
        random_checkpoint(method='watershed')
