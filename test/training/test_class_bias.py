# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from instance_seg_ros.cli import main
from instance_seg_ros.datasets.sample import IGNORE, Sample
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.networks import NETWORKS
from instance_seg_ros.training.class_bias import ENOUGH, add_biases, fit_biases, sample_logits


def drawn(shift=0., count=20000, seed=0):
    """Return logits of three classes, the third one rare and raised by `shift`; a fourth never."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, count, p=(.55, .35, .1))
    logits = rng.normal(size=(count, 4)).astype(np.float32)
    logits[np.arange(count), truth] += 2
    logits[:, 2] += shift
    return logits, truth


def mean_iou(logits, truth):
    said = logits.argmax(1)
    return np.mean([np.sum((said == k) & (truth == k)) / np.sum((said == k) | (truth == k))
                    for k in range(3)])


def test_what_was_raised_is_taken_back():
    logits, truth = drawn(shift=2.)
    biases = fit_biases([(logits, truth)])
    best = max(mean_iou(logits + np.array([0, 0, b, -9]), truth) for b in np.arange(-4, 1, .25))
    assert biases[2] - biases[:2].mean() < -1
    assert mean_iou(logits + biases, truth) > max(mean_iou(logits, truth) + .05, best - .01)


def test_what_nothing_speaks_for_is_held_down():
    biases = fit_biases([drawn(shift=2.)])
    assert biases[3] == biases[:3].min() < 0


def test_no_source_is_given_up_for_another():
    """Two sources that ask for opposite biases keep what they have, or share the loss."""
    up, down = drawn(2., seed=1), drawn(-2., seed=2)
    biases = fit_biases([up, down])
    before = mean_iou(*up) + mean_iou(*down)
    assert mean_iou(up[0] + biases, up[1]) + mean_iou(down[0] + biases, down[1]) >= before - 1e-6


def test_too_few_pixels_change_nothing():
    logits, truth = drawn(2., ENOUGH // 2)
    assert not fit_biases([(logits, truth)]).any()


def test_unknown_pixels_are_not_drawn():
    segmenter = InstanceSegmenter(random_checkpoint(), 'cpu', (128, 64))
    classes = np.full((64, 128), IGNORE, np.uint8)
    classes[:, :32] = 7
    sample = Sample('x', np.zeros((64, 128, 3), np.uint8), classes, np.zeros((64, 128), np.uint16))
    logits, truth = sample_logits(segmenter, [sample, sample], 0)
    assert logits.shape == (len(truth), 19) and set(truth) == {7}
    assert 1400 < len(truth) < 2600    # a quarter of 8000


@pytest.mark.parametrize('network', ['enet_branched', 'enet'])
def test_the_last_layer_takes_biases_in(network):
    """The logits move by the biases everywhere, the embeddings do not move."""
    assert network in NETWORKS
    checkpoint, image = random_checkpoint(network=network), torch.randn(1, 3, 64, 96)
    biases = np.linspace(-1, 1, 19).astype(np.float32)
    with torch.inference_mode():
        before = checkpoint.build()(image)
        add_biases(checkpoint, biases)
        after = checkpoint.build()(image)
    wanted = before[0] + torch.from_numpy(biases).view(-1, 1, 1)
    torch.testing.assert_close(after[0], wanted, atol=1e-4, rtol=0)
    torch.testing.assert_close(after[1], before[1])


@pytest.mark.parametrize('arguments, wanted', [
    (['--balance-classes', '--shift-classes', 'cat=1'], 'no such class: cat'),
    (['--shift-classes', 'car=1'], 'give both')])
def test_the_verb_refuses_shifts_that_lead_nowhere(tmp_path, capsys, arguments, wanted):
    random_checkpoint().save(tmp_path / 'a.safetensors')
    assert main(['calibrate', str(tmp_path / 'a.safetensors'), '--data', str(tmp_path),
                 '--output', str(tmp_path / 'b.safetensors'), *arguments]) == 2
    assert wanted in capsys.readouterr().err
