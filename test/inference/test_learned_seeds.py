# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clustering from learned seeds against a transcription of the published procedure."""
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from instance_seg_ros.inference.learned_seeds import LearnedSeeds, radius_of, split_outputs

CAR, PERSON = 13, 11


def bandwidth_for(radius):
    """Output s with exp(10 s) radius^2 = ln 2."""
    return math.log(math.log(2) / radius ** 2) / 10


def reference(embedding, radius, quality, threshold=.5):
    """Greedy, one best seed after the other (section 3.4); numpy; 0 = in no cluster."""
    number, free, k = np.zeros(len(embedding), int), quality > threshold, 0
    while free.any():
        seed = np.argmax(np.where(free, quality, -1))
        near = np.linalg.norm(embedding - embedding[seed], axis=1) <= radius[seed]
        taken = number[near] > 0
        if 2 * taken.sum() < near.sum():
            k += 1
            number[near & (number == 0)] = k
        free &= ~near
        free[seed] = False
    return number


def scene(seed, clusters=6, size=(32, 64), dims=4):
    """Return outputs (D + 2, H, W) and truth: vertical bands, tight and wide in turn."""
    random = np.random.default_rng(seed)
    band = np.arange(size[1]) * clusters // size[1]
    truth = np.broadcast_to(band, size)
    radius = np.where(np.arange(clusters) % 2, .4, 1.6)[truth]
    centre = np.zeros((clusters, dims))
    centre[:, 0] = 4. * np.arange(clusters)
    noise = random.normal(size=(*size, dims))
    noise *= (radius * random.uniform(0, .9, size) / np.linalg.norm(noise, axis=2))[..., None]
    distance = np.linalg.norm(noise, axis=2) / radius
    phi = np.exp(-np.log(2) * distance ** 2).clip(.01, .99)
    values = np.concatenate([centre[truth] + noise, np.vectorize(bandwidth_for)(radius)[..., None],
                             np.log(phi / (1 - phi))[..., None]], 2)
    return torch.from_numpy(values).permute(2, 0, 1).float(), truth


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10 ** 6), st.integers(1, 12))
def test_clusters_of_any_width_are_found(seed, clusters):
    """Like the published procedure, and like the truth."""
    outputs, truth = scene(seed, clusters)
    kind = torch.full(truth.shape, CAR)
    found = LearnedSeeds().cluster_image(outputs, kind, (CAR,))
    pixels = split_outputs(outputs.permute(1, 2, 0).flatten(0, 1))
    slow = reference(pixels.embedding.numpy(), radius_of(pixels.log_precision).numpy(),
                     pixels.quality.numpy())
    assert len(found.area) == clusters
    assert adjusted_rand_score(truth.ravel(), found.label_image.ravel()) > .99
    assert adjusted_rand_score(slow, found.label_image.ravel()) > .9


def test_each_cluster_says_what_it_is():
    outputs, truth = scene(3, 2)
    kind = torch.where(torch.from_numpy(truth.copy()) > 0, PERSON, CAR)
    found = LearnedSeeds().cluster_image(outputs, kind, (CAR, PERSON))
    assert found.class_index.tolist() == [PERSON, CAR] and found.area.tolist() == [1024, 1024]
    assert found.mode.shape == (2, 4) and found.margin.tolist() == [3, 3]
    assert torch.isfinite(found.spread).all() and ((found.spread > 0) & (found.spread < 1)).all()
    mine = split_outputs(outputs.permute(1, 2, 0)).quality[found.label_image == 1].mean()
    torch.testing.assert_close(found.quality[0], mine)
    assert found.label_image[0, 0] == 2 and found.label_image[0, -1] == 1


def test_a_pixel_goes_to_the_cluster_it_is_nearest_to_in_radii():
    """A wide cluster at 0, a narrow one at 3: 2 is nearer to the wide one."""
    outputs = torch.zeros(4, 1, 41)
    outputs[0, 0, 20:40], outputs[0, 0, 40] = 3., 2.
    outputs[2, 0] = torch.tensor([bandwidth_for(2.)] * 20 + [bandwidth_for(.5)] * 20 + [0.])
    outputs[3] = 4.
    outputs[3, 0, 40] = -4.
    found = LearnedSeeds().cluster_image(outputs, torch.full((1, 41), CAR), (CAR,))
    assert found.label_image[0].tolist() == [1] * 20 + [2] * 20 + [1]


def test_without_good_seeds_there_is_nothing():
    outputs = torch.full((6, 8, 8), -2.)
    found = LearnedSeeds().cluster_image(outputs, torch.full((8, 8), CAR), (CAR,))
    assert not len(found.area) and not found.label_image.any()
    empty = LearnedSeeds().cluster_image(outputs, torch.zeros(8, 8, dtype=torch.long), (CAR,))
    assert not len(empty.area) and empty.mode.shape == (0, 4)


def test_small_clusters_are_dropped_and_pixels_that_are_not_finite_counted():
    outputs, truth = scene(1, 1)
    outputs[0, :3, :3] += 50
    outputs[2, 10, 10] = torch.nan
    kind = torch.full(truth.shape, CAR)
    found = LearnedSeeds().cluster_image(outputs, kind, (CAR,))
    assert found.invalid == 1 and found.area.tolist() == [truth.size - 10]
    assert len(LearnedSeeds(min_area=9).cluster_image(outputs, kind, (CAR,)).area) == 2


def test_the_factor_is_on_each_classes_radius():
    """Twice the radius takes in what is at 1.5 of it."""
    outputs = torch.zeros(4, 2, 30)
    outputs[0, :, 15:], outputs[3, :, :15], outputs[3, :, 15:] = 1.5 * math.sqrt(math.log(2)), 3, 0
    kind = torch.full((2, 30), CAR)
    kind[1] = PERSON
    found = LearnedSeeds([2., 1.]).cluster_image(outputs, kind, (CAR, PERSON))
    assert dict(zip(found.class_index.tolist(), found.area.tolist(), strict=True)) == {
        CAR: 30, PERSON: 15}
    with pytest.raises(ValueError, match='factor'):
        LearnedSeeds(0.)
