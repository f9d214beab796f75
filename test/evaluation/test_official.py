# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import os
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from instance_seg_ros.evaluation.official import Prediction, Scorer

official = pytest.importorskip('cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling')


def boxes(*places, shape=(100, 200), label=26):
    """Ids with one 20x20 car at each (x, y) on a road."""
    ids = np.full(shape, 7, np.int32)
    for number, (x, y) in enumerate(places):
        ids[y:y + 20, x:x + 20] = label * 1000 + number
    return ids


def box(x, y, score, shape=(100, 200), label=26, size=20):
    mask = np.zeros(shape, bool)
    mask[y:y + size, x:x + size] = True
    return Prediction(label, score, mask)


def car(scores, key='ap'):
    return scores.averages['classes']['car'][key]


def test_a_perfect_prediction_scores_one_at_all_four_settings():
    scorer = Scorer(['car', 'person'])
    for label in (26, 24):
        shape = (100, 400)  # of the distance settings the scorer wants 1000 pixels
        ids = np.full(shape, 7, np.int32)
        ids[10:60, 10:60], ids[10:60, 60:110] = label * 1000, label * 1000 + 1
        predictions = [Prediction(label, .5, ids == v) for v in (label * 1000, label * 1000 + 1)]
        found = scorer.add(ids, predictions, {int(v): (20., 1.) for v in np.unique(ids)})
        assert found == {label * 1000, label * 1000 + 1}
    averages = scorer.scores().averages
    for key in ('allAp', 'allAp50%', 'allAp100m', 'allAp50m'):
        assert averages[key] == 1.


def test_an_empty_prediction_scores_zero():
    scorer = Scorer(['car'])
    assert scorer.add(boxes((10, 10)), []) == set()
    scores = scorer.scores()
    assert car(scores) == car(scores, 'ap50%') == 0
    assert (scores.truths['car'], scores.predictions['car']) == (1, 0)
    assert 'allAp50m' not in scores.averages


def test_a_case_computed_by_hand():
    # By score: right, wrong, right of two cars. Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1;
    # the official integration gives each of the four points of the curve a width of 1/4.
    scorer = Scorer(['car'])
    scorer.add(boxes((10, 10), (100, 10)), [box(10, 10, .9), box(50, 60, .8), box(100, 10, .7)])
    scores = scorer.scores()
    assert car(scores) == pytest.approx((1 + 1 + 1 / 2 + 2 / 3) / 4)
    assert (scores.true_positives['car'], scores.predictions['car']) == (2, 3)


def test_one_constant_score_gives_r_times_one_plus_p_over_two():
    scorer = Scorer(['car'])
    scorer.add(boxes((10, 10), (100, 10)),
               [box(10, 10, 1.), box(50, 60, 1.), box(100, 60, 1.)])
    r, p = 1 / 2, 1 / 3
    assert car(scorer.scores(), 'ap50%') == pytest.approx(r * (1 + p) / 2)


def test_symmetric_best_dice_and_count_error_by_hand():
    scorer = Scorer(['car', 'person'])
    mask = box(10, 10, .5).mask
    mask[20:] = False   # half of the first car: Dice 2 * 200 / (400 + 200)
    half = Prediction(26, .5, mask)
    scorer.add(boxes((10, 10), (100, 10)), [half, box(100, 10, .5), box(50, 60, .5)])
    extras = scorer.scores().extras['car']
    assert extras['sbd'] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert extras['count_error'] == 1.
    assert scorer.scores().extras['person']['sbd'] is None


def test_found_by_size_of_the_object():
    ids = np.full((1000, 1000), 7, np.int32)
    for number, side in enumerate((31, 32, 99, 100)):   # shares of 0.00096, 0.001, 0.0098 and 0.01
        ids[100:100 + side, 200 * number:200 * number + side] = 26000 + number
    scorer = Scorer(['car', 'person'])
    scorer.add(ids, [Prediction(26, .5, ids == 26001), Prediction(26, .5, ids == 26003)])
    scores = scorer.scores()
    assert scores.by_size == {'car': [[0, 1], [1, 2], [1, 1]], 'person': [[0, 0]] * 3}
    assert (scores.true_positives['car'], scores.truths['car']) == (2, 4)


def test_groups_and_void_excuse_a_prediction():
    ids = boxes((10, 10))
    ids[50:90, 50:90], ids[50:90, 120:160] = 26, 0
    scorer = Scorer(['car'])
    scorer.add(ids, [box(10, 10, .5), box(55, 55, .9), box(125, 55, .9)])
    scores = scorer.scores()
    assert car(scores) == 1. and scores.extras['car']['calibration_error'] == .5
    assert scores.predictions['car'] == 1


@pytest.mark.parametrize('predicted, near', [(26000, 1.), (26001, 0.)])
def test_distance_settings_leave_far_objects_out(predicted, near):
    """If only the far one is predicted, the official code alone ends with an IndexError."""
    ids = np.full((100, 400), 7, np.int32)
    ids[10:60, 10:60], ids[10:60, 100:150] = 26000, 26001
    scorer = Scorer(['car'])
    scorer.add(ids, [Prediction(26, .5, ids == predicted)], {26000: (20., 1.), 26001: (80., 1.)})
    scores = scorer.scores()
    assert car(scores, 'ap50m') == near and car(scores, 'ap100m') == car(scores) == .5


def test_a_class_whose_predictions_are_all_excused_scores_zero():
    # The official code ends with an IndexError here, and with it the scores of all classes.
    ids = boxes((10, 10), (100, 10))
    ids[60:80, 150:170], ids[50:90, 50:90] = 24000, 0
    scorer = Scorer(['car', 'person'])
    scorer.add(ids, [box(10, 10, .5), box(55, 55, .9, label=24)])
    classes = scorer.scores().averages['classes']
    assert classes['person']['ap'] == 0 and classes['car']['ap'] == .5


def _official_matrix(folder, frames):
    """Run the official code on files, as its command line does."""
    args = SimpleNamespace(**vars(official.args))
    args.quiet, args.JSONOutput = True, False
    args.gtInstancesFile = os.path.join(folder, 'gt.json')
    args.predictionPath = str(folder)
    truths, texts = [], []
    for index, (ids, predictions) in enumerate(frames):
        truths.append(str(folder / f'{index}_gtFine_instanceIds.png'))
        cv2.imwrite(truths[-1], ids.astype(np.uint16))
        lines = []
        for k, p in enumerate(predictions):
            cv2.imwrite(str(folder / f'{index}_{k}.png'), p.mask.astype(np.uint8) * 255)
            lines.append(f'{index}_{k}.png {p.label_id} {p.confidence}')
        texts.append(str(folder / f'{index}.txt'))
        (folder / f'{index}.txt').write_text('\n'.join(lines))
    official.setInstanceLabels(args)
    known = official.getGtInstances(truths, args)
    matches = official.matchGtWithPreds(texts, truths, known, args)
    return official.computeAverages(official.evaluateMatches(matches, args), args)


@pytest.mark.skipif(not hasattr(np, 'in1d'), reason='the official reader needs numpy < 2.4')
def test_matching_agrees_with_the_official_code_on_files(tmp_path):
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(4):
        ids = np.full((80, 120), 7, np.int32)
        for number in range(6):
            x, y, label = rng.integers(90), rng.integers(50), rng.choice([24, 26])
            ids[y:y + 25, x:x + 25] = label * 1000 + number if number else label
        ids[:10] = 0
        predictions = []
        for value in np.unique(ids[ids >= 1000]):
            mask = np.roll(ids == value, rng.integers(-8, 8), 1)
            predictions.append(Prediction(int(value) // 1000, round(rng.random(), 3), mask))
        predictions.append(Prediction(26, .5, rng.random(ids.shape) < .3))
        frames.append((ids, predictions))
    scorer = Scorer()
    for ids, predictions in frames:
        scorer.add(ids, predictions)
    ours, theirs = scorer.scores().averages, _official_matrix(tmp_path, frames)
    for name in ('car', 'person'):
        for key in ('ap', 'ap50%'):
            assert ours['classes'][name][key] == float(theirs['classes'][name][key])
    assert 0 < ours['allAp50%'] < 1
