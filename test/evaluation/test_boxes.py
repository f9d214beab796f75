# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.sticks import Sticks
from instance_seg_ros.evaluation.boxes import everything_inside, smallest_box
from instance_seg_ros.evaluation.comparison import write_comparison
from instance_seg_ros.evaluation.frames import frames_of
from instance_seg_ros.evaluation.official import Prediction, Scorer
from instance_seg_ros.evaluation.predictors import Predictor
from instance_seg_ros.evaluation.run import evaluate
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter

STICKS = LabelSet.named('sticks')


@pytest.fixture
def segmenter():
    return InstanceSegmenter(random_checkpoint(label_set=STICKS, input_size=(64, 64)),
                             device='cpu')


def nested():
    """Return a frame of a large stick, a small one within its box, and a thing of class 3."""
    ids = np.ones((20, 30), np.int32)
    ids[2:18, 2:4], ids[16:18, 2:22] = 2000, 2000     # an L; its box is x 2-22, y 2-18
    ids[5:9, 10:16] = 2001
    ids[5:9, 24:28] = 3000
    return ids


def test_the_smallest_box_takes_the_pixel():
    ids = nested()
    masks = {(p.label_id, int(p.mask.sum())) for p in smallest_box(ids)}
    assert masks == {(2, 2 * 16 + 2 * 20 - 4), (2, 24), (3, 16)}


def test_a_box_takes_everything_inside():
    large, small, other = sorted(everything_inside(nested()), key=lambda p: -p.mask.sum())
    assert np.array_equal(large.mask, nested() // 1000 == 2)
    assert np.array_equal(small.mask, nested() == 2001)
    assert other.label_id == 3


def test_boxes_of_isolated_objects_tell_all_and_no_objects_nothing():
    ids = np.ones((40, 90), np.int32)
    for number in range(3):
        ids[5:25, 30 * number:30 * number + 20] = 2000 + number
    for oracle in (smallest_box, everything_inside):
        scorer = Scorer(label_set=STICKS)
        scorer.add(ids, oracle(ids))
        assert scorer.scores().averages['allAp'] == 1.
        assert oracle(np.ones((4, 4), np.int32)) == []


def test_the_official_scorer_takes_other_labels():
    """Id 2 is void among Cityscapes' labels and a stick here."""
    scorer = Scorer(label_set=STICKS)
    for sample in (Sticks('test')[index] for index in range(3)):
        ids = np.where(sample.instances > 0, sample.instances, 1).astype(np.int32)
        values = np.unique(ids[ids > 1])
        assert scorer.add(ids, [Prediction(2, 1., ids == v) for v in values]) == set(values)
    scores = scorer.scores()
    assert scores.averages['allAp'] == scores.averages['classes']['stick']['ap'] == 1.
    assert list(scores.truths) == ['stick']


def test_neither_components_nor_boxes_tell_sticks_apart(segmenter):
    result = evaluate(Predictor(segmenter), frames_of(Sticks('test'), 'sticks', 40))
    for name in ('components, true classes', 'boxes, smallest', 'boxes, all inside'):
        assert result.scores[name].averages['allAp'] < .03
        assert result.scores[name].truths['stick'] > 150


def test_the_verb_scores_and_draws_sticks(segmenter, tmp_path, capsys):
    segmenter.checkpoint.save(tmp_path / 'random.safetensors')
    command = ['evaluate', '--dataset', 'sticks', '--device', 'cpu', '--limit', '2',
               '--split', 'test', '--checkpoint', str(tmp_path / 'random.safetensors')]
    assert main([*command, '--output', str(tmp_path / 'worst'),
                 '--comparison', str(tmp_path / 'sticks.png')]) == 0
    image = cv2.imread(str(tmp_path / 'sticks.png'))
    assert image.shape == (5 * (192 + 20), 2 * 192 + 4, 3)
    assert 'boxes, smallest' in capsys.readouterr().out
    assert any((tmp_path / 'worst').glob('worst_01_*'))
    assert main([*command, '--data', str(tmp_path)]) == 2
    assert '--data' in capsys.readouterr().err
    assert main([*command, '--comparison', str(tmp_path / 'sticks.gif')]) == 2
    assert 'sticks.gif' in capsys.readouterr().err


def test_a_network_of_other_classes_is_refused(tmp_path):
    other = InstanceSegmenter(random_checkpoint(input_size=(64, 64)), device='cpu')
    with pytest.raises(UserError, match='cityscapes'):
        evaluate(Predictor(other), frames_of(Sticks('test', 64), 'sticks', 1))


def test_nothing_to_draw_is_an_error(segmenter, tmp_path):
    with pytest.raises(UserError, match='No frames'):
        write_comparison(Predictor(segmenter), [], tmp_path / 'x.png')
