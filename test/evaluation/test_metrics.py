# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""COCO's metric and panoptic quality, against values worked out by hand."""
import json

import numpy as np
import pytest
from datasets import written

from instance_seg_ros.cli import main
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import Label, LabelSet
from instance_seg_ros.evaluation.coco_metric import CocoScorer
from instance_seg_ros.evaluation.official import Prediction
from instance_seg_ros.evaluation.panoptic import PanopticScorer
from instance_seg_ros.inference.checkpoint import random_checkpoint

CITY = LabelSet.named('cityscapes')


def truth() -> np.ndarray:
    """Return a road, two cars of 400 pixels, a strip of void and a group of cars."""
    ids = np.full((40, 60), 7, np.int32)
    ids[10:30, 5:25], ids[10:30, 25:45] = 26000, 26001
    ids[:5], ids[35:, :10] = 0, 26
    return ids


def test_coco_counts_hits_by_overlap_and_ignores_void_and_groups():
    pytest.importorskip('pycocotools')
    ids, scorer = truth(), CocoScorer(CITY)
    part = ids == 26001
    part[:, :33] = False        # 240 of 400 pixels: right up to an overlap of 0.6
    scorer.add(ids, [Prediction(26, .9, ids == 26000), Prediction(26, .8, part),
                     Prediction(26, .99, ids == 0), Prediction(26, .95, ids == 26)])
    scores = scorer.scores()
    assert scores['AP50'] == 1. and scores['AP75'] == pytest.approx(51 / 101)
    assert scores['classes'] == {'car': {'AP': pytest.approx(scores['AP']), 'AP50': 1.}}
    # Thresholds 0.5, 0.55 and 0.6 find both cars, the seven above one of two.
    assert scores['AP'] == pytest.approx((3 + 7 * 51 / 101) / 10)
    assert scorer.scores() == scores            # for the report, then for the JSON file


def test_coco_without_predictions_is_zero():
    pytest.importorskip('pycocotools')
    scorer = CocoScorer(CITY)
    scorer.add(truth(), [])
    assert scorer.scores()['AP'] == 0.


def found(ids: np.ndarray, instances: np.ndarray) -> InstanceMap:
    classes = np.where(ids >= 1000, ids // 1000, np.where(ids == 26, 7, 7)).astype(np.uint8)
    return InstanceMap.from_masks(CITY, classes, instances.astype(np.uint16))


def test_panoptic_quality_by_hand():
    pytest.importorskip('torchmetrics')
    ids, scorer = truth(), PanopticScorer(CITY)
    part = ids == 26001
    part[:, :33] = False
    scorer.add(ids, found(ids, np.where(ids == 26000, 26000, np.where(part, 26001, 0))))
    classes = scorer.scores()['classes']
    assert set(classes) == {'car', 'road'}
    assert classes['car']['PQ'] == pytest.approx((1 + .6) / 2, abs=1e-6)
    assert classes['road']['PQ'] == pytest.approx(1.)


def test_an_object_without_an_instance_is_missed():
    """Torchmetrics would forgive it as void."""
    pytest.importorskip('torchmetrics')
    ids, scorer = truth(), PanopticScorer(CITY)
    scorer.add(ids, found(ids, np.where(ids == 26000, 26000, 0)))
    scores = scorer.scores()
    assert scores['classes']['car'] == {'PQ': pytest.approx(2 / 3), 'SQ': 1.,
                                        'RQ': pytest.approx(2 / 3)}
    assert scores['things']['PQ'] == pytest.approx(2 / 3) and scores['stuff']['PQ'] == 1.


def test_the_verb_scores_any_data_set_and_own_classes(tmp_path, capsys, monkeypatch):
    pytest.importorskip('pycocotools')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    own = LabelSet('yard', (Label(1, 'ground', (0, 0, 0)), Label(9, 'vehicle', (1, 2, 3), True)),
                   {'car': 'vehicle', 'person': 'ignore'}, 'ground')
    random_checkpoint(label_set=own, input_size=(64, 64)).save(tmp_path / 'yard.safetensors')
    written.coco(tmp_path / 'data')
    command = ['evaluate', '--data', str(tmp_path / 'data'), '--checkpoint',
               str(tmp_path / 'yard.safetensors'), '--device', 'cpu', '--coco', '--json',
               str(tmp_path / 'scores.json')]
    assert main(command) == 0
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert scores['instances']['embeddings']['truths'] == {'vehicle': 2}
    assert 'AP' in scores['coco'] and "COCO's metric" in capsys.readouterr().out
    assert main([*command, '--panoptic']) == 2
    assert 'leave --panoptic out' in capsys.readouterr().err
    written.cityscapes(tmp_path / 'city')
    command[2] = str(tmp_path / 'city')
    assert main(command) == 0
