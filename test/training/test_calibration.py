# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
from argparse import Namespace

import numpy as np
import pytest
import torch
from torch import nn

from instance_seg_ros.cli import main
from instance_seg_ros.commands.calibrate import _choose
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.sample import IGNORE, Sample
from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint
from instance_seg_ros.inference.confidence import FEATURES
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.training.calibration import (
    ENOUGH,
    ENOUGH_FOR_WEIGHTS,
    Judged,
    fit,
    judge,
)

CITY = LabelSet.named('cityscapes')
CAR, ROAD = CITY.names.index('car'), CITY.names.index('road')


class Red(nn.Module):
    """Labels red pixels as car and separates cars by their blue."""

    def forward(self, images):
        logits = torch.zeros(len(images), 19, *images.shape[2:])
        logits[:, CAR] = torch.where(images[:, 0] > 1, 8., -8.)
        embeddings = torch.zeros(len(images), 8, *images.shape[2:])
        embeddings[:, 0] = images[:, 2] * 9
        return logits, embeddings


def scene_of(seen, true, shape=(64, 128)):
    """Return an image where the network sees cars in boxes `seen`; the truth has boxes `true`."""
    image, classes = np.zeros((*shape, 3), np.uint8), np.full(shape, ROAD, np.uint8)
    instances = np.zeros(shape, np.uint16)
    for k, (x, y, w, h) in enumerate(seen):
        image[y:y + h, x:x + w] = 255, 0, 120 * k
    for k, (x, y, w, h) in enumerate(true):
        classes[y:y + h, x:x + w], instances[y:y + h, x:x + w] = CAR, 26000 + k
    return Sample('x', image, classes, instances)


@pytest.fixture
def segmenter():
    result = InstanceSegmenter(random_checkpoint(), 'cpu', (128, 64))
    result._engine.network = Red()
    return result


def test_clusters_are_right_above_half_an_iou(segmenter):
    box = (10, 10, 20, 20)
    judged = judge(segmenter, [
        scene_of([box], [box]), scene_of([box], [(16, 10, 20, 20)]),    # IoU 1 and 14/26
        scene_of([box], [(18, 10, 20, 20)]), scene_of([box], [])])      # IoU 12/28 and 0
    assert judged.right.tolist() == [True, True, False, False]
    assert (judged.channel == CAR).all() and judged.features.shape == (4, len(FEATURES))


def test_regions_without_instances_do_not_count(segmenter):
    crowd, void = scene_of([(10, 10, 20, 20)], []), scene_of([(10, 10, 20, 20)], [])
    crowd.classes[10:30, 10:30], void.classes[10:30, 10:30] = CAR, IGNORE
    assert len(judge(segmenter, [crowd, void]).right) == 0


def test_a_fit_gives_probabilities():
    """Of clusters drawn with known probabilities, those scored p are right p of the time."""
    rng = np.random.default_rng(0)
    margin = rng.uniform(0, 3, 4000)
    rows = rng.normal(size=(4000, len(FEATURES)))
    rows[:, FEATURES.index('margin')] = margin
    right = rng.random(4000) < 1 / (1 + np.exp(-(4 * margin - 6)))
    channel = np.where(np.arange(4000) % 2, CAR, CITY.names.index('person'))
    weights = fit(Judged(channel, rows, right), CITY.names)
    assert set(weights) == {'', 'car', 'person'}
    assert weights['car'][FEATURES.index('margin')] == pytest.approx(4, abs=.6)
    score = 1 / (1 + np.exp(-(rows @ weights[''][:-1] + weights[''][-1])))
    for low in np.arange(0, 1, .2):
        near = (score >= low) & (score < low + .2)
        assert right[near].mean() == pytest.approx(score[near].mean(), abs=.06)


def test_a_class_with_few_clusters_has_the_weights_of_all_and_its_own_intercept():
    rng = np.random.default_rng(0)
    rows, right = rng.normal(size=(400, len(FEATURES))), np.arange(400) % 2 > 0
    few = 2 * ENOUGH_FOR_WEIGHTS - 2
    right[:few] &= rng.random(few) < .2
    channel = np.where(np.arange(400) < few, CAR, CITY.names.index('person'))
    channel[-ENOUGH + 1:] = CITY.names.index('bus')
    weights = fit(Judged(channel, rows, right), CITY.names)
    assert set(weights) == {'', 'car', 'person'}
    assert weights['car'][:-1] == weights[''][:-1] != weights['person'][:-1]
    scores = 1 / (1 + np.exp(-(rows[:few] @ weights['car'][:-1] + weights['car'][-1])))
    assert scores.mean() == pytest.approx((right[:few].sum() + 1) / (few + 2))


def test_too_little_to_learn_from():
    few = np.arange(60) < ENOUGH - 1
    with pytest.raises(UserError, match='19 of 60'):
        fit(Judged(np.full(60, CAR), np.zeros((60, 8)), few), CITY.names)


def test_the_verb_says_what_is_missing(tmp_path, capsys):
    Checkpoint.save(random_checkpoint(), tmp_path / 'a.safetensors')
    assert main(['calibrate', str(tmp_path / 'a.safetensors'), '--data', str(tmp_path),
                 '--output', str(tmp_path / 'b.safetensors')]) == 2
    assert 'unknown data set' in capsys.readouterr().err
    assert not (tmp_path / 'b.safetensors').exists()


@pytest.mark.parametrize('options, said', [
    (['--images', '0'], '--images'),
    (['--bandwidth', '0'], 'bandwidth of'), (['--bandwidth', 'car=0'], "bandwidth of 'car'"),
    (['--bandwidth', 'tram=1.5'], 'tram'),
    (['--pixels-per-unit', '-1'], '--pixels-per-unit must be positive'),
    (['--class-groups', 'car,tram'], 'no such class with instances: tram'),
    (['--class-groups', 'car,road'], 'no such class with instances: road'),
    (['--class-groups', 'car,truck', 'bus,car'], 'more than one group'),
    (['--pixels-per-unit', '50'], 'has no coordinates')])
def test_what_cannot_be_chosen_is_told(tmp_path, capsys, options, said):
    random_checkpoint().save(tmp_path / 'a.safetensors')
    assert main(['calibrate', str(tmp_path / 'a.safetensors'), '--data', str(tmp_path),
                 '--output', str(tmp_path / 'b.safetensors'), *options]) == 2
    assert said in capsys.readouterr().err


def test_what_is_chosen_is_in_the_checkpoint():
    checkpoint = random_checkpoint()
    checkpoint.options = {'pixels_per_unit': 40}
    _choose(checkpoint, Namespace(input_size=(640, 320), bandwidth=1.25, pixels_per_unit=50.,
                                  class_groups=['car,truck', 'person,rider']))
    assert (checkpoint.input_size, checkpoint.bandwidth) == ((640, 320), 1.25)
    assert checkpoint.options == {'pixels_per_unit': 50.}
    assert checkpoint.class_groups == [['car', 'truck'], ['person', 'rider']]
    _choose(checkpoint, Namespace(input_size=None, bandwidth={'person': 1.5},
                                  pixels_per_unit=None, class_groups=[]))
    assert checkpoint.input_size == (640, 320) and checkpoint.class_groups == []
    assert (checkpoint.bandwidth['person'], checkpoint.bandwidth['car']) == (1.5, 1.25)
