# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clustering against a slow transcription of the reference procedure, and its edge cases."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from instance_seg_ros.evaluation.official import Prediction, Scorer
from instance_seg_ros.inference.mean_shift import MAX_INSTANCES, REACH, MeanShift

CAR, PERSON = 13, 11
RIM = [1, 3, 5]


def reference(points, bandwidth=1.5, seed=0):
    """One random unclustered pixel after the other, as the authors' release does it; numpy."""
    random = np.random.default_rng(seed)
    labels, free, failures, number = np.zeros(len(points), int), np.ones(len(points), bool), 0, 0
    while free.sum() > 100 and failures < 20:
        mean = points[random.choice(np.flatnonzero(free))]
        for _ in range(100):
            near = free & (np.linalg.norm(points - mean, axis=1) <= bandwidth)
            moved = points[near].mean(0)
            still, mean = np.linalg.norm(moved - mean) <= 1e-4, moved
            if still:
                break
        near = np.linalg.norm(points - mean, axis=1) <= bandwidth
        if (labels[near] > 0).sum() * 2 < near.sum():
            number += 1
            labels[near & free] = number
        failures = 0 if (near & free).any() else failures + 1
        free &= ~near
    return labels


def scene(seed, clusters=8, size=(48, 64), spread=0.15, dims=8, classes=(CAR,)):
    """Return embeddings, class_index and truth: vertical bands with separable embeddings."""
    random = np.random.default_rng(seed)
    height, width = size
    band = np.arange(width) * clusters // width
    truth = np.broadcast_to(band, size)
    k = np.arange(clusters)
    means = 4.0 * np.eye(dims)[k % dims] * (1 + k[:, None] // dims)
    points = means[truth] + random.normal(0, spread, (height, width, dims))
    kind = np.array(classes)[truth % len(classes)]
    return torch.from_numpy(points).permute(2, 0, 1).float(), torch.from_numpy(kind), truth


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.floats(0.01, 0.2))
def test_separable_clusters_are_found(seed, clusters, spread):
    """Like the reference procedure, and like the truth."""
    embeddings, kind, truth = scene(seed, clusters, spread=spread)
    number = MeanShift().cluster_image(embeddings, kind, (CAR,)).label_image.numpy()
    slow = reference(embeddings.permute(1, 2, 0).reshape(-1, 8).numpy())
    assert adjusted_rand_score(truth.ravel(), number.ravel()) > 0.99
    assert adjusted_rand_score(slow, number.ravel()) > 0.99


def test_large_images_are_sampled_without_losing_small_objects():
    """A 9 x 9 object next to one of 100,000 pixels."""
    embeddings = torch.randn(8, 384, 300, generator=torch.Generator().manual_seed(0)) * 0.2
    kind = torch.full((384, 300), CAR)
    embeddings[0, 100:109, 200:209] += 5
    clusters = MeanShift().cluster_image(embeddings, kind, (CAR,))
    assert clusters.area.tolist() == [384 * 300 - 81, 81]


def test_an_object_one_pixel_wide_is_found():
    """A pole-like column in a large image, wherever it stands."""
    for column in (100, 101, 102, 103):
        embeddings = torch.randn(8, 384, 300, generator=torch.Generator().manual_seed(0)) * 0.2
        embeddings[0, :, column] += 5
        found = MeanShift().cluster_image(embeddings, torch.full((384, 300), CAR), (CAR,))
        assert found.area.tolist() == [384 * 299, 384]


def test_classes_are_clustered_apart():
    """Equal embeddings of two classes make two clusters, in order of class."""
    kind = torch.full((20, 20), CAR)
    kind[:, :5] = PERSON
    kind[:3] = 0
    clusters = MeanShift().cluster_image(torch.zeros(8, 20, 20), kind, (PERSON, CAR))
    assert clusters.class_index.tolist() == [PERSON, CAR]
    assert clusters.area.tolist() == [85, 255]
    assert not clusters.label_image[:3].any()
    assert clusters.invalid == 0


def test_every_class_keeps_its_clusters():
    """Of eight classes with equal embeddings, in any order of the channels."""
    kind = torch.arange(16).repeat_interleave(8).expand(32, 128)
    things = (15, 3, 8, 1, 12, 6, 10, 5)
    clusters = MeanShift().cluster_image(torch.zeros(4, 32, 128), kind, things)
    assert clusters.class_index.tolist() == sorted(things)
    assert clusters.area.tolist() == [32 * 8] * 8
    for number, channel in enumerate(sorted(things), 1):
        assert (clusters.label_image[kind == channel] == number).all()


@pytest.mark.parametrize('pixels, expected', [(0, []), (1, []), (9, []), (10, [10])])
def test_few_pixels(pixels, expected):
    """Nothing, one pixel, and both sides of the least area."""
    kind = torch.zeros(8, 8, dtype=torch.long)
    kind.view(-1)[:pixels] = CAR
    assert MeanShift().cluster_image(torch.zeros(8, 8, 8), kind, (CAR,)).area.tolist() == expected


def test_hundreds_of_clusters_and_the_limit():
    """Beyond 1000 instances of a class the smallest are left out."""
    index = torch.arange(1100).view(44, 25).repeat_interleave(3, 0).repeat_interleave(4, 1)
    embeddings = torch.stack([index % 40 * 4.0, index // 40 * 4.0])
    mean_shift = MeanShift(seeds=2048)
    clusters = mean_shift.cluster_image(embeddings, torch.full((132, 100), CAR), (CAR,))
    assert len(clusters.area) == MAX_INSTANCES == 1000   # more would be ids of the next class
    some = mean_shift.cluster_image(embeddings[:, :30], torch.full((30, 100), CAR), (CAR,))
    assert len(some.area) == 250


def test_pixels_without_a_finite_embedding_are_unlabelled_and_counted():
    """NaN and infinity in, the rest still clustered."""
    embeddings, kind, truth = scene(1, 4)
    embeddings[3, 10, 10], embeddings[0, 20, 20] = torch.nan, torch.inf
    clusters = MeanShift().cluster_image(embeddings, kind, (CAR,))
    assert clusters.invalid == 2
    assert clusters.label_image[10, 10] == clusters.label_image[20, 20] == 0
    assert len(clusters.area) == 4


def test_same_input_same_output():
    """Bit for bit."""
    embeddings = torch.randn(8, 96, 128, generator=torch.Generator().manual_seed(2))
    kind = torch.full((96, 128), CAR)
    a, b = (MeanShift().cluster_image(embeddings, kind, (CAR,)) for _ in range(2))
    assert torch.equal(a.label_image, b.label_image) and torch.equal(a.spread, b.spread)


def test_spread_and_margin_tell_tight_clusters_from_loose_ones():
    """Both are in bandwidths; alone in its class, a cluster has the largest margin."""
    embeddings, kind, _ = scene(0, 2, spread=0.05)
    clusters = MeanShift().cluster_image(embeddings, kind, (CAR,))
    assert clusters.spread.max() < 0.2
    assert clusters.margin.tolist() == pytest.approx([3.0, 3.0], abs=0.8)
    alone = MeanShift().cluster_image(embeddings, torch.where(kind > 0, CAR, 0) * 0 + CAR, (1,))
    assert len(alone.area) == 0


def rims(bandwidth=2.0):
    """Return a map of one object, a tight body with three pixels on its rim, and their reach.

    The three are not among the 4096 pixels between which modes are sought.
    """
    embeddings, distance = torch.zeros(1, 2, 100, 100), torch.tensor([.9, 1.2, 1.4])
    embeddings[0, 0, 0, RIM] = bandwidth * distance
    return embeddings, torch.full((1, 100, 100), CAR), (distance <= REACH).tolist()


def test_the_rim_belongs_to_the_nearest_mode():
    """Beyond the bandwidth, but not far beyond it."""
    embeddings, kind, wanted = rims()
    number = MeanShift(2.0)(embeddings, kind, (CAR,))[0].label_image
    assert (number[0, RIM] > 0).tolist() == wanted == [True, True, False]
    assert (number == 1).sum() == 9999


PAIRS_APART = (3., 1.5)


def pairs():
    """Return embeddings and class_index: in each of two classes two groups, 2 units apart."""
    embeddings = torch.zeros(8, 4, 40)
    embeddings[0, :, ::2] = 2.
    return embeddings, torch.tensor([PERSON, CAR]).repeat_interleave(20).expand(4, 40)


def test_each_class_has_its_bandwidth():
    """What is one cluster at 3 is two at 1.5; modes stay in embedding units."""
    clusters = MeanShift(PAIRS_APART).cluster_image(*pairs(), (PERSON, CAR))
    assert clusters.class_index.tolist() == [PERSON, CAR, CAR]
    assert clusters.area.tolist() == [80, 40, 40]
    assert clusters.mode[:, 0].tolist() == pytest.approx([1., 2., 0.])
    assert clusters.spread.tolist() == pytest.approx([1 / 3, 0., 0.], abs=2e-3)
    assert clusters.margin.tolist() == pytest.approx([3., 2 / 1.5, 2 / 1.5])


@pytest.mark.parametrize('wrong', [0, (1.5, 0.), float('nan')])
def test_bandwidth_must_be_positive(wrong):
    """Zero would make every pixel an instance of its own."""
    with pytest.raises(ValueError, match='bandwidth'):
        MeanShift(wrong)


def noisy(kind, seed, size=(96, 160), objects=9, dims=8):
    """Return embeddings (H, W, D) of overlapping ellipses with one kind of noise, and the truth.

    broad: spread as wide as the bandwidth allows. outliers: a pixel in twelve lies anywhere.
    drift: embeddings change along the image. rims: objects run into each other, as networks
    make them.
    """
    random, truth = np.random.default_rng(seed), np.zeros(size, int)
    y, x = np.mgrid[:size[0], :size[1]]
    for number in range(1, objects + 1):
        centre, radius = random.uniform(0, size), random.uniform(8, 24, 2)
        inside = ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2 <= 1
        truth[inside] = number
    k = np.arange(1, objects + 1)
    means = np.zeros((objects + 1, dims))
    means[1:] = 2.3 * np.eye(dims)[k % dims] * np.where(k < dims, 1, -1)[:, None]
    points = means[truth].astype(np.float32)
    if kind == 'rims':
        points = cv2.blur(points, (7, 7))
    if kind == 'drift':
        way = np.linspace(-2.2, 2.2, size[1])[:, None] * random.normal(0, 2 / dims ** 0.5, dims)
        points = points + way
    points = points + random.normal(0, 0.45 if kind == 'broad' else 0.2, points.shape)
    if kind == 'outliers':
        out = random.uniform(size=size) < 1 / 12
        points[out] = random.normal(0, 2, (out.sum(), dims))
    return points.astype(np.float32), truth


@pytest.mark.parametrize('kind', ('broad', 'outliers', 'drift', 'rims'))
def test_noise_costs_no_more_average_precision_than_the_reference(kind):
    """The official score; what separates the two by chance is a hundredth at most."""
    ours, slow = Scorer(['car']), Scorer(['car'])
    for seed in range(6):
        points, truth = noisy(kind, seed)
        ids = np.where(truth, 26000 + truth, 7).astype(np.int32)
        index = torch.from_numpy(np.where(truth, CAR, 0))
        number = MeanShift().cluster_image(
            torch.from_numpy(points).permute(2, 0, 1), index, (CAR,)).label_image.numpy()
        labels = np.zeros(truth.shape, int)
        labels[truth > 0] = reference(points[truth > 0])
        for scorer, found in ((ours, number), (slow, labels)):
            area = np.bincount(found.ravel())
            scorer.add(ids, [Prediction(26, 1.0, found == k) for k in range(1, len(area))
                             if area[k] > 10])
    ours, slow = (scorer.scores().averages['classes']['car']['ap'] for scorer in (ours, slow))
    assert slow > 0.5 and ours >= slow - 0.01
