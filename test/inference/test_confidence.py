# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scores: the formula, the features against a slow count, and fitted weights."""

import numpy as np
import pytest
import torch

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.clusters import ClusterArrays
from instance_seg_ros.inference.confidence import FEATURES, Confidence, features, formula
from instance_seg_ros.inference.eager_engine import class_probability
from instance_seg_ros.inference.mask_geometry import count_boundary_sides, measure_regions
from instance_seg_ros.inference.mean_shift import MeanShift
from instance_seg_ros.inference.segmenter import InstanceSegmenter

NAMES = LabelSet.named('cityscapes').names
CAR = NAMES.index('car')


def found(number, probability=.9, spread=.2, margin=2., channel=CAR, size=None):
    """Return what is known about the regions of a map of numbers."""
    count, size = int(number.max()), size or number.shape[::-1]
    known = (np.full(count, v, np.float32) for v in (probability, spread, margin))
    area = np.bincount(number.ravel(), minlength=count + 1)[1:]
    geometry = measure_regions(number, count, size)
    return ClusterArrays(np.zeros(number.shape, np.uint8), number, np.full(count, channel), *known,
                         np.zeros((count, 8)), area, count_boundary_sides(number, count),
                         geometry.boxes, geometry.areas, size)


def test_the_formula_ranks_sure_tight_separate_clusters_first():
    """Each of class probability, spread and margin lowers the score."""
    kind = torch.full((20, 40), CAR)
    embeddings = torch.zeros(8, 20, 40)
    embeddings[0, :, 20:] = 9.0
    embeddings[:, :, 20:] += torch.randn(8, 20, 20, generator=torch.Generator().manual_seed(0)) / 3
    logits = torch.zeros(19, 20, 40)
    logits[CAR] = 9.0
    clusters = MeanShift().cluster_image(embeddings, kind, (CAR,))

    def scores():
        number = clusters.label_image.numpy()
        return formula(found(number, class_probability(logits, clusters).numpy(),
                             clusters.spread.numpy(), clusters.margin.numpy()))

    tight, loose = scores()[np.argsort(clusters.spread.numpy())][:2]
    assert tight > 0.9 > loose
    logits[CAR, :, :20] = 1.0
    assert scores().min() < 0.2
    near = found(np.eye(4, dtype=int), margin=.5)
    assert formula(near) < formula(found(np.eye(4, dtype=int)))


def test_features_of_a_rectangle_by_hand():
    """12 x 3 pixels on a grid of 20 x 10, of an image twice as wide: everything follows."""
    number = np.zeros((10, 20), np.int32)
    number[4:7, 5:17] = 1
    row = dict(zip(FEATURES, features(found(number, .9, .2, 2., size=(40, 10)))[0], strict=True))
    assert row['evidence'] == pytest.approx(np.log(9), abs=1e-5)
    assert (row['spread'], row['margin']) == (pytest.approx(.2), 2.)
    assert row['size'] == pytest.approx(np.log(36 / 200)) and row['filling'] == 1
    assert row['outline'] == pytest.approx(30 / (4 * 6))
    assert row['width'] == pytest.approx(np.log(8)) and row['odd_width'] == row['width'] ** 2


def test_weights_by_class_and_for_all_others():
    """A logistic function of the features; classes without weights of their own share some."""
    number = np.eye(8, dtype=int)
    weights = {'': [0.] * 8 + [1.], 'car': [0., 0., 1.] + [0.] * 5 + [-2.]}
    confidence = Confidence(weights, NAMES)
    assert confidence(found(number, margin=2.)) == pytest.approx(.5)
    assert confidence(found(number, margin=3.)) == pytest.approx(1 / (1 + np.exp(-1)))
    bus = NAMES.index('bus')
    assert confidence(found(number, channel=bus)) == pytest.approx(1 / (1 + np.exp(-1)))
    assert confidence(found(number * 0)).shape == (0,)


@pytest.mark.parametrize('weights', [{'': [1.]}, {'car': [0.] * 9}])
def test_weights_that_do_not_fit(weights):
    """Are refused with what to do."""
    with pytest.raises(UserError, match='Calibrate'):
        Confidence(weights, NAMES)


def test_a_checkpoint_keeps_its_confidence(tmp_path):
    """From the file to the scores."""
    checkpoint = random_checkpoint(confidence={'': [0.] * 8 + [0.]})
    checkpoint.save(tmp_path / 'a.safetensors')
    segmenter = InstanceSegmenter.from_checkpoint(tmp_path / 'a.safetensors', device='cpu',
                                                  input_size=(128, 64))
    result = segmenter(np.random.default_rng(0).integers(0, 255, (64, 128, 3), np.uint8))
    assert result.instances and {i.score for i in result.instances} == {.5}
