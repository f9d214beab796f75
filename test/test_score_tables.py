# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of a model card, made of what an evaluation wrote."""

import json
import runpy

import numpy as np
import pytest
from checkout import ROOT

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.sample import Sample
from instance_seg_ros.evaluation.frames import TruthFrame, TruthFrames, ids_of
from instance_seg_ros.evaluation.predictors import Predictor
from instance_seg_ros.evaluation.run import evaluate, to_dict
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter

CITY = LabelSet.of('cityscapes')


@pytest.fixture(scope='module')
def main():
    return runpy.run_path(str(ROOT / 'scripts' / 'score_tables.py'))['main']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Return a folder with the scores of a random network on five cars, two of which touch."""
    classes, instances = np.zeros((64, 128), np.uint8), np.zeros((64, 128), np.uint16)
    for number, x in enumerate((2, 20, 45, 70, 100)):
        classes[20:50, x:x + 18] = CITY.names.index('car')
        instances[20:50, x:x + 18] = 26000 + number
    sample = Sample('town_000000_000001', np.zeros((64, 128, 3), np.uint8), classes, instances)
    truth = TruthFrame(sample, ids_of(sample, CITY))
    frames = TruthFrames('streets', CITY, True, True, [truth], 1)
    segmenter = InstanceSegmenter(random_checkpoint(input_size=(128, 64)), device='cpu')
    folder = tmp_path_factory.mktemp('scores')
    (folder / 'idd.json').write_text(json.dumps(to_dict(evaluate(Predictor(segmenter), frames))))
    return folder


def rows(text):
    return [line.strip('| ').split(' | ') for line in text.splitlines() if line.startswith('| ')]


def test_summary_has_a_column_for_each_folder(main, folder, tmp_path, capsys):
    scores = json.loads((folder / 'idd.json').read_text())
    scores['instances']['embeddings']['classes']['car'] |= {'ap': .125, 'ap50%': .5}
    (tmp_path / 'idd.json').write_text(json.dumps(scores))
    assert main([f'now={folder}', f'before={tmp_path}']) == 0
    header, car, true_classes, _, iou, *_ = rows(capsys.readouterr().out)
    assert header == ['set', 'measure', 'now', 'before']
    assert car[:2] == ['IDD-Lite, held out', 'car'] and car[2].endswith(', 5)')
    assert car[3].startswith('12.5 / 50.0 (')
    assert true_classes[1] == 'car, true classes' and iou[1] == 'mean IoU'


def test_variants_count_what_touches(main, folder, capsys):
    assert main(['--variants', f'now={folder}']) == 0
    components, = (row for row in rows(capsys.readouterr().out)
                   if row[0] == 'components, true classes')
    assert components[4:] == ['3', '4', '5', '0 of 2', '3 of 3']


def test_a_set_that_another_folder_lacks_is_left_empty(main, folder, tmp_path, capsys):
    scores = json.loads((folder / 'idd.json').read_text())
    (tmp_path / 'kitti.json').write_text(json.dumps(scores))
    assert main([f'now={folder}', f'before={tmp_path}']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith('| IDD-Lite, held out | car') and line.endswith(' |  |')
               for line in lines) == 3      # cars, within true classes, of true centres


def test_a_folder_without_scores_is_named(main, tmp_path):
    with pytest.raises(SystemExit, match=str(tmp_path)):
        main([f'now={tmp_path}'])


def test_a_folder_without_a_title_is_its_own(main, folder, capsys):
    assert main([str(folder)]) == 0
    assert rows(capsys.readouterr().out)[0] == ['set', 'measure', str(folder)]
