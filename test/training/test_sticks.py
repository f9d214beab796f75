# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The learning test: a short run must separate crossing sticks."""
import dataclasses

import pytest
import yaml
from checkout import ROOT

from instance_seg_ros.cli import main
from instance_seg_ros.datasets.sticks import Sticks
from instance_seg_ros.evaluation.frames import frames_of
from instance_seg_ros.evaluation.predictors import Predictor
from instance_seg_ros.evaluation.run import evaluate
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.training.recipe import load_recipe
from instance_seg_ros.training.run import Run, train

RECIPE = ROOT / 'config/training/sticks.yaml'


@pytest.mark.slow
def test_a_short_run_tells_crossing_sticks_apart(tmp_path):
    """About a minute on two cores; AP 0.05 and AP50 0.2 when this was written."""
    recipe = dataclasses.replace(load_recipe(RECIPE), validate_every=10_000)
    train(Run(recipe, (), tmp_path, 'a command', workers=0))
    segmenter = InstanceSegmenter(Checkpoint.load(tmp_path / 'last.safetensors'), device='cpu')
    result = evaluate(Predictor(segmenter), frames_of(Sticks('test'), 'sticks', 50))
    for key, least in (('allAp', .025), ('allAp50%', .12)):
        score = {name: scores.averages[key] for name, scores in result.scores.items()}
        # Components and boxes even get the true classes, which embeddings have to do without.
        rivals = ('components', 'components, true classes', 'boxes, smallest',
                  'boxes, all inside')
        assert score['embeddings'] > max(least, *(1.5 * score[name] for name in rivals)), score
        assert score['embeddings, true classes'] > 4 * score['components, true classes'], score


def test_the_verb_learns_what_it_draws(tmp_path, capsys):
    recipe = tmp_path / 'small.yaml'
    recipe.write_text(yaml.safe_dump(yaml.safe_load(RECIPE.read_text()) | {
        'crop': [64, 64], 'input_size': [64, 64], 'validate_every': 10}))
    assert main(['train', '--dataset', 'sticks', '--config', str(recipe), '--steps', '1',
                 '--workers', '0', '--output', str(tmp_path / 'run')]) == 0
    checkpoint = Checkpoint.load(tmp_path / 'run/last.safetensors')
    assert checkpoint.label_set.name == 'sticks' and checkpoint.input_size == (64, 64)
    assert checkpoint.provenance['data'] == ['sticks']
    assert checkpoint.provenance['command'] == (
        'instance_seg train --dataset sticks --config config/training/small.yaml --steps 1 '
        '--output run')
    assert main(['train', '--dataset', 'sticks', '--config', str(recipe), '--check']) == 0
    assert '96x96 (200)' in capsys.readouterr().out


@pytest.mark.parametrize('arguments', [
    ['--dataset', 'sticks'], ['--dataset', 'camvid', '--config', str(RECIPE)],
    ['--dataset', 'sticks', '--config', str(RECIPE), '--data', '.'], ['--dataset', 'camvid']])
def test_sticks_have_a_recipe_and_no_folder(arguments, tmp_path, capsys):
    assert main(['train', '--output', str(tmp_path), *arguments]) == 2
    assert '--data' in capsys.readouterr().err
