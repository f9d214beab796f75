# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The clustering of fixed shapes: like the adaptive one, for a batch, without asking the host."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from inference.test_mean_shift import CAR, PAIRS_APART, PERSON, RIM, pairs, reference, rims, scene
from sklearn.metrics import adjusted_rand_score
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from instance_seg_ros.inference.batched_mean_shift import BatchedMeanShift
from instance_seg_ros.inference.device_settings import DeviceSettings
from instance_seg_ros.inference.mask_geometry import (
    count_boundary_sides,
    geometry_from_profiles,
    measure_regions,
)
from instance_seg_ros.inference.mean_shift import MeanShift

THINGS = (PERSON, CAR)


def cluster(embeddings, kind, bandwidth=1.5, probability=None, **sizes):
    """Cluster a batch of images twice as wide as the grid, with the interface of `MeanShift`."""
    if probability is None:
        probability = torch.ones(kind.shape)
    bandwidths = torch.as_tensor(bandwidth).expand(len(THINGS)).tolist()
    settings = DeviceSettings(kind.shape, np.arange(19, dtype=np.uint8), kind.device)
    settings.write(tuple(bandwidths), THINGS, ((2 * kind.shape[2], kind.shape[1]),) * len(kind))
    return BatchedMeanShift(**sizes)(embeddings, kind, probability, settings)


def count(found, image=0):
    """Return how many clusters an image has."""
    return int((found.class_index[image] >= 0).sum())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.floats(0.01, 0.2))
def test_separable_clusters_are_found(seed, clusters, spread):
    """Like the reference procedure, like the truth and like the adaptive clustering."""
    embeddings, kind, truth = scene(seed, clusters, spread=spread, classes=THINGS)
    number = cluster(embeddings[None], kind[None]).label_image[0].numpy()
    assert adjusted_rand_score(truth.ravel(), number.ravel()) > 0.99
    adaptive = MeanShift().cluster_image(embeddings, kind, THINGS)
    assert adjusted_rand_score(adaptive.label_image.numpy().ravel(), number.ravel()) > 0.999
    slow = reference(embeddings.permute(1, 2, 0).reshape(-1, 8).numpy())
    assert adjusted_rand_score(slow, number.ravel()) > 0.99


def test_the_rim_belongs_to_the_nearest_mode():
    """As in the adaptive clustering."""
    embeddings, kind, wanted = rims()
    assert (cluster(embeddings, kind, 2.0).label_image[0, 0, RIM] > 0).tolist() == wanted


def test_each_class_has_its_bandwidth():
    """As in the adaptive clustering."""
    embeddings, kind = pairs()
    found = cluster(embeddings[None], kind[None], PAIRS_APART)
    wanted = MeanShift(PAIRS_APART).cluster_image(embeddings, kind, THINGS)
    assert found.class_index[0, :4].tolist() == [PERSON, CAR, CAR, -1]
    assert torch.equal(found.label_image[0].int(), wanted.label_image)
    torch.testing.assert_close(found.mode[0, :3], wanted.mode)
    torch.testing.assert_close(found.margin[0, :3], wanted.margin)


def test_tables_are_those_of_the_adaptive_clustering():
    """Area, class, spread, margin and mode, in the same order; absent clusters come last."""
    embeddings, kind, _ = scene(3, 9, spread=0.1, classes=THINGS)
    found = cluster(embeddings[None], kind[None])
    wanted = MeanShift().cluster_image(embeddings, kind, THINGS)
    here = found.class_index[0] >= 0
    assert here.sum() == 9 and here[:9].all() and found.complete.all()
    assert torch.equal(found.class_index[0, :9], wanted.class_index)
    assert found.area[0, :9].long().tolist() == wanted.area.tolist()
    for name in ('spread', 'margin', 'mode'):
        torch.testing.assert_close(getattr(found, name)[0, :9], getattr(wanted, name),
                                   atol=2e-3, rtol=1e-3)


def test_shapes_are_measured_as_on_the_host():
    """Edges, boxes and areas, in an image twice as wide as the grid."""
    embeddings, kind, _ = scene(4, 7, spread=0.1, classes=THINGS)
    kind[:9], kind[20:23, 5:40] = 0, 0
    found = cluster(embeddings[None], kind[None])
    number, size = found.label_image[0].numpy(), (2 * kind.shape[1], kind.shape[0])
    wanted = measure_regions(number, 7, size)
    got = geometry_from_profiles(found.rows[0, :7].numpy(), found.columns[0, :7].numpy(), size)
    assert (got.areas == wanted.areas).all() and (got.boxes == wanted.boxes).all()
    assert found.sides[0, :7].tolist() == count_boundary_sides(number, 7).tolist()
    assert not found.rows[0, 7:].any()


def test_images_of_a_batch_do_not_see_each_other():
    """Each comes out as it does alone; one of them is empty."""
    scenes = [scene(seed, 5, classes=THINGS)[:2] for seed in (1, 2)]
    embeddings = torch.stack([s[0] for s in scenes] + [scenes[0][0]])
    kind = torch.stack([s[1] for s in scenes] + [torch.zeros_like(scenes[0][1])])
    together = cluster(embeddings, kind)
    for image in range(3):
        alone = cluster(embeddings[image:image + 1], kind[image:image + 1])
        assert torch.equal(alone.label_image[0], together.label_image[image])
    assert count(together, 2) == 0 and not together.label_image[2].any()


def test_probability_is_averaged_over_each_cluster():
    """One value per half of the image."""
    kind = torch.full((1, 20, 20), CAR)
    embeddings = torch.zeros(1, 8, 20, 20)
    embeddings[..., 10:] = 9.
    probability = torch.full((1, 20, 20), .25)
    probability[..., 10:] = .75
    found = cluster(embeddings, kind, probability=probability)
    assert sorted(found.probability[0, :2].tolist()) == [.25, .75]


@pytest.mark.parametrize('pixels, expected', [(0, 0), (1, 0), (9, 0), (10, 1)])
def test_few_pixels(pixels, expected):
    """Nothing, one pixel, and both sides of the least area."""
    kind = torch.zeros(1, 8, 8, dtype=torch.long)
    kind.view(-1)[:pixels] = CAR
    assert count(cluster(torch.zeros(1, 8, 8, 8), kind)) == expected


def test_a_small_object_next_to_a_large_one():
    """A 9 x 9 object next to one of 100,000 pixels."""
    embeddings = torch.randn(1, 8, 384, 300, generator=torch.Generator().manual_seed(0)) * 0.2
    embeddings[0, 0, 100:109, 200:209] += 5
    found = cluster(embeddings, torch.full((1, 384, 300), CAR))
    assert found.area[0, :2].tolist() == [384 * 300 - 81, 81] and count(found) == 2


def test_clusters_without_a_column_are_reported():
    """Of 60 clusters 32 fit."""
    index = torch.arange(60).view(6, 10).repeat_interleave(8, 0).repeat_interleave(8, 1)
    embeddings = torch.stack([index % 10 * 4.0, index // 10 * 4.0])[None]
    kind = torch.full(index.shape, CAR)[None]
    assert cluster(embeddings, kind).complete.all() and count(cluster(embeddings, kind)) == 60
    assert not cluster(embeddings, kind, max_clusters=32).complete.any()


def test_pixels_without_a_finite_embedding_are_unlabelled_and_counted():
    """NaN and infinity in, the rest still clustered."""
    embeddings, kind, _ = scene(1, 4)
    embeddings[3, 10, 10], embeddings[0, 20, 20] = torch.nan, torch.inf
    found = cluster(embeddings[None], kind[None])
    assert found.invalid.tolist() == [2] and count(found) == 4
    assert found.label_image[0, 10, 10] == found.label_image[0, 20, 20] == 0


def test_same_input_same_output():
    """Bit for bit."""
    embeddings = torch.randn(2, 8, 64, 96, generator=torch.Generator().manual_seed(2))
    kind = torch.full((2, 64, 96), CAR)
    a, b = (cluster(embeddings, kind) for _ in range(2))
    for name, tensor in a.tensors().items():
        assert torch.equal(tensor, b.tensors()[name]), name


def without_values(work):
    """Run work on tensors that have a shape but no values."""
    with FakeTensorMode():
        return work(torch.empty(2, 8, 32, 64), torch.full((2, 32, 64), 0))


def test_the_host_is_never_asked():
    """Tensors without values suffice, so no step waits for one; the adaptive one does wait."""
    found = without_values(lambda embeddings, kind: BatchedMeanShift()(
        embeddings, kind, torch.ones_like(kind, dtype=torch.float32),
        DeviceSettings((2, 32, 64), np.arange(19, dtype=np.uint8), torch.device('cpu'))))
    assert found.label_image.shape == (2, 32, 64)
    with pytest.raises(DataDependentOutputException):
        without_values(lambda embeddings, kind: bool(torch.isfinite(embeddings).all()))


@pytest.mark.parametrize('rounds, left', [(1, True), (8, False)])
def test_pixels_that_no_mode_has_claimed_are_counted(rounds, left):
    """Sixty clusters for sixteen seeds a round; the adaptive clustering counts as well."""
    index = torch.arange(60).view(6, 10).repeat_interleave(8, 0).repeat_interleave(8, 1)
    embeddings = torch.stack([index % 10 * 4.0, index // 10 * 4.0])[None]
    kind = torch.full(index.shape, CAR)[None]
    found = cluster(embeddings, kind, seeds=16, rounds=rounds)
    adaptive = MeanShift(seeds=16, rounds=rounds).cluster_image(embeddings[0], kind[0], (CAR,))
    for unclaimed in (found.unclaimed, adaptive.unclaimed):
        assert (unclaimed > 0).all() == left
    assert not left or abs(int(found.unclaimed) - 44 * 64) < 64
