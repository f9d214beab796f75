# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Learned seeds of fixed shapes against the eager form."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from inference.test_learned_seeds import CAR, PERSON, scene
from sklearn.metrics import adjusted_rand_score
from torch._subclasses.fake_tensor import FakeTensorMode

from instance_seg_ros.inference.batched_learned_seeds import BatchedLearnedSeeds
from instance_seg_ros.inference.device_settings import DeviceSettings
from instance_seg_ros.inference.learned_seeds import LearnedSeeds

THINGS = (PERSON, CAR)


def fixed(outputs, kind, factors=(1., 1.), **sizes):
    """Cluster a batch (N, D + 2, H, W); every pixel has probability 0.5."""
    options = DeviceSettings(tuple(kind.shape), np.arange(19, dtype=np.uint8), outputs.device)
    options.write(factors, THINGS, [kind.shape[:0:-1]] * len(kind))
    return BatchedLearnedSeeds(**sizes)(outputs, kind, torch.full(kind.shape, .5), options)


def assert_like_eager(found, image, outputs, kind, factors=(1., 1.)):
    eager = LearnedSeeds(factors).cluster_image(outputs, kind, THINGS)
    count = int((found.class_index[image] >= 0).sum())
    assert found.class_index[image, :count].tolist() == eager.class_index.tolist()
    if not count:
        return
    assert adjusted_rand_score(eager.label_image.ravel(),
                               found.label_image[image].ravel()) > .999
    torch.testing.assert_close(found.area[image, :count].float(), eager.area.float(),
                               rtol=.02, atol=2)
    for name in ('spread', 'margin', 'quality'):
        torch.testing.assert_close(getattr(found, name)[image, :count], getattr(eager, name),
                                   rtol=.02, atol=.02)
    torch.testing.assert_close(found.mode[image, :count], eager.mode, rtol=.02, atol=.05)
    assert found.invalid[image] == eager.invalid


@settings(max_examples=6)
@given(st.integers(0, 10 ** 6), st.integers(1, 12), st.sampled_from([(32, 64), (31, 66)]))
def test_clusters_are_those_of_the_eager_form(seed, clusters, size):
    """Of two classes, in a batch of two images, at sizes that no cell divides."""
    scenes = [scene(seed + k, clusters, size) for k in range(2)]
    outputs = torch.stack([s[0] for s in scenes])
    kind = torch.from_numpy(np.stack([np.where(s[1] % 3, CAR, PERSON) for s in scenes]))
    kind[1, :5] = 0
    found = fixed(outputs, kind)
    for image in range(2):
        assert_like_eager(found, image, outputs[image], kind[image])
    assert found.complete.all()


def test_factors_belong_to_classes():
    outputs, truth = scene(4, 4)
    kind = torch.from_numpy(np.where(truth % 2, CAR, PERSON))
    found = fixed(outputs[None], kind[None], (1.5, .7))
    assert_like_eager(found, 0, outputs, kind, (1.5, .7))


def test_without_good_seeds_there_is_nothing():
    outputs = torch.full((1, 6, 8, 8), -2.)
    found = fixed(outputs, torch.full((1, 8, 8), CAR))
    assert not found.label_image.any() and (found.class_index == -1).all() and found.complete


def test_invalid_pixels_are_counted_and_poison_nothing():
    outputs, truth = scene(1, 2)
    outputs[0, 3, 3], outputs[-1, 4, 40], outputs[-2, 0, 0] = torch.nan, torch.inf, -torch.inf
    kind = torch.full(truth.shape, CAR)
    found = fixed(outputs[None], kind[None])
    assert found.invalid.tolist() == [3]
    assert_like_eager(found, 0, outputs, kind)


def test_images_of_a_batch_do_not_see_each_other():
    one, two = scene(2, 3)[0], scene(3, 5)[0]
    kind = torch.full((2, 32, 64), CAR)
    both = fixed(torch.stack([one, two]), kind)
    for image, outputs in enumerate((one, two)):
        alone = fixed(outputs[None], kind[:1])
        assert torch.equal(alone.label_image[0], both.label_image[image])


@pytest.mark.parametrize('sizes', [{'max_clusters': 4}])
def test_more_clusters_than_columns_are_reported(sizes):
    outputs, truth = scene(5, 6)
    kind = torch.full((1, *truth.shape), CAR)
    assert not fixed(outputs[None], kind, **sizes).complete
    assert fixed(outputs[None], kind).complete


def test_more_seeds_than_are_considered_are_reported(monkeypatch):
    monkeypatch.setattr(BatchedLearnedSeeds, 'seeds', 16)
    outputs, truth = scene(5, 6)
    assert not fixed(outputs[None], torch.full((1, *truth.shape), CAR)).complete


def test_the_host_is_never_asked():
    """The work runs on tensors that have no values."""
    with FakeTensorMode():
        found = fixed(torch.empty(2, 10, 32, 64), torch.zeros(2, 32, 64, dtype=torch.long))
        assert found.label_image.shape == (2, 32, 64) and found.mode.shape == (2, 128, 8)
        assert found.quality.shape == (2, 128)
