# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Classes that are clustered together: pixels elect the class of their cluster."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint
from instance_seg_ros.inference.class_groups import head_of_class
from instance_seg_ros.inference.cuda_graph_engine import CudaGraphEngine
from instance_seg_ros.inference.eager_engine import EagerEngine
from instance_seg_ros.inference.segmenter import InstanceSegmenter

CITY = LabelSet.of('cityscapes')
ROAD, PERSON, RIDER, CAR, TRUCK = (CITY.names.index(n) for n in (
    'road', 'person', 'rider', 'car', 'truck'))
THINGS, BANDWIDTHS = (PERSON, RIDER, CAR, TRUCK), (1.5, 1.5, 1.5, 2.)
GROUPS = ((CAR, TRUCK), (PERSON, RIDER))


class Outputs(nn.Module):
    """A network that returns what it was given."""

    def __init__(self, logits, embeddings):
        super().__init__()
        self.outputs = logits, embeddings

    def forward(self, images):
        return self.outputs


def run(kind, logits, embeddings, groups, things=THINGS):
    """Cluster a batch (N, K, H, W) and (N, D, H, W) with an engine on the CPU."""
    engine = kind(Outputs(logits, embeddings), (0., 0., 0.), (1., 1., 1.), CITY.ids,
                  torch.device('cpu'), False, groups=groups)
    count, _, height, width = logits.shape
    bandwidths = tuple(BANDWIDTHS[THINGS.index(k)] for k in things)
    images = np.zeros((count, height, width, 3), np.uint8)
    return engine(images, [(width, height)] * count, bandwidths, things, {})


def van():
    """Return a van, a third of which looks like a truck, on a road."""
    logits, embeddings = torch.zeros(1, 19, 20, 60), torch.zeros(1, 4, 20, 60)
    logits[:, ROAD] = 3
    logits[:, CAR, 4:16, 10:40] = 6
    logits[:, TRUCK, 4:16, 10:20] = 7
    embeddings[:, 0, 4:16, 10:40] = 5
    return logits, embeddings


@pytest.mark.parametrize('engine', [EagerEngine, CudaGraphEngine])
def test_a_van_stays_one_object(engine):
    apart, = run(engine, *van(), ())
    assert apart.class_index.tolist() == [CAR, TRUCK] and apart.area.tolist() == [240, 120]
    whole, = run(engine, *van(), GROUPS)
    assert whole.class_index.tolist() == [CAR] and whole.area.tolist() == [360]
    assert (whole.class_mask[4:16, 10:40] == 26).all() and (whole.class_mask == 7).sum() == 840
    votes = torch.tensor([6., 3.]).exp()        # 240 pixels vote for car: 6, 3 and 17 zeros
    expected = float(votes[0] / (votes.sum() + 17)) * 240 / 360
    assert whole.probability[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize('engine', [EagerEngine, CudaGraphEngine])
def test_a_class_that_is_not_wanted_gets_no_votes(engine):
    cars, = run(engine, *van(), GROUPS, things=(PERSON, CAR))
    assert cars.class_index.tolist() == [CAR] and cars.area.tolist() == [240]
    assert (cars.class_mask == 27).sum() == 120


def street(seed):
    """Return a street of blocks, each an object whose pixels disagree about its class."""
    rng = np.random.default_rng(seed)
    logits, embeddings = np.zeros((2, 19, 40, 80)), np.zeros((2, 6, 40, 80))
    logits[:, ROAD] = 2
    for image in range(2):
        for _ in range(rng.integers(0, 7)):
            y, x = rng.integers(0, 30), rng.integers(0, 60)
            where = np.s_[y:y + rng.integers(4, 12), x:x + rng.integers(4, 20)]
            pair = np.array(GROUPS[rng.integers(2)])
            classes = logits[image][(slice(None), *where)]
            classes[:] = 0
            size = classes.shape[1:]
            kind = pair[(rng.random(size) < rng.random()).astype(int)]
            np.put_along_axis(classes, kind[None], rng.uniform(3, 6), 0)
            embeddings[image][(slice(None), *where)] = rng.normal(0, 6, 6)[:, None, None]
    return (torch.from_numpy(logits).float(), torch.from_numpy(embeddings).float())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_fixed_shapes_elect_the_same(seed):
    """Both engines agree; classes ascend, and areas fall within a class."""
    for eager, fixed in zip(run(EagerEngine, *street(seed), GROUPS),
                            run(CudaGraphEngine, *street(seed), GROUPS), strict=True):
        assert eager.class_index.tolist() == fixed.class_index.tolist()
        np.testing.assert_array_equal(eager.label_image, fixed.label_image)
        np.testing.assert_array_equal(eager.class_mask, fixed.class_mask)
        np.testing.assert_allclose(eager.probability, fixed.probability, atol=1e-3)
        np.testing.assert_allclose(eager.mode, fixed.mode, atol=1e-2)
        keys = list(zip(eager.class_index, -eager.area, strict=True))
        assert keys == sorted(keys)
        of_pixel = CITY.ids[eager.class_index][eager.label_image - 1] if len(eager) else 0
        inside = eager.label_image > 0
        assert (eager.class_mask == of_pixel)[inside].all()


def test_a_head_is_the_first_wanted_class():
    heads = head_of_class(GROUPS, (RIDER, CAR, TRUCK))
    assert heads[[PERSON, RIDER, CAR, TRUCK, ROAD, 255]].tolist() == [
        PERSON, RIDER, CAR, CAR, ROAD, 255]


def test_a_checkpoint_keeps_its_groups(tmp_path):
    checkpoint = random_checkpoint(input_size=(128, 64))
    assert checkpoint.group_channels == ()
    checkpoint.class_groups = [['car', 'truck'], ['person', 'wheelchair'], ['rider', 'bicycle']]
    checkpoint.save(tmp_path / 'groups.safetensors')
    again = Checkpoint.load(tmp_path / 'groups.safetensors')
    # A label set without a class has no use for it, nor for a group of one.
    assert again.group_channels == ((CAR, TRUCK), (RIDER, CITY.names.index('bicycle')))
    segmenter = InstanceSegmenter(again, device='cpu')
    result = segmenter(np.random.default_rng(0).integers(0, 255, (64, 128, 3), np.uint8))
    for instance in result.instances:
        assert (result.class_mask[result.instance_mask == instance.id]
                == instance.label_id).all()


@pytest.mark.parametrize('groups', ['car', [['car', 'truck'], ['car', 'bus']], [[1]], {'car': 1}])
def test_damaged_groups_are_refused(groups, tmp_path):
    checkpoint = random_checkpoint(input_size=(128, 64))
    checkpoint.class_groups = groups
    checkpoint.save(tmp_path / 'damaged.safetensors')
    with pytest.raises(UserError, match='class_groups'):
        Checkpoint.load(tmp_path / 'damaged.safetensors')
