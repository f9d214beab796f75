# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is around the steps: data, validation, recipes, checkpoints, the verb."""
import numpy as np
import pytest
import torch
from training.streets import CITY, start, street, write_city

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.training import data
from instance_seg_ros.training.callbacks import Keeper
from instance_seg_ros.training.learner import Learner
from instance_seg_ros.training.recipe import Recipe, load_recipe
from instance_seg_ros.training.validation import Matches, Validator


def test_the_checkpoint_says_where_it_comes_from(folder, tmp_path):
    checkpoint = start(folder, tmp_path / 'run', steps=2)
    assert checkpoint.provenance['command'] == 'a command'
    assert checkpoint.provenance['data'] == ['cityscapes']
    assert checkpoint.input_size == (64, 32)
    assert not (tmp_path / 'run/best.safetensors').exists()     # nothing to choose it by


def test_validation_images_choose_the_best(folder, tmp_path):
    write_city(folder, 'val', 3)
    start(folder, tmp_path / 'run', steps=3)
    best = Checkpoint.load(tmp_path / 'run/best.safetensors')
    assert 'training_validation/f1_embeddings' in best.scores
    assert (tmp_path / 'run/images/000003.jpg').is_file()


def test_what_was_best_is_known_after_a_resume(folder, tmp_path, monkeypatch):
    """The state of the run knows the score of `best`, also when it dies after the scoring."""
    write_city(folder, 'val', 3)
    monkeypatch.setattr(Validator, '__call__', lambda self, network, normalise: (
        {'score': .7}, np.zeros((4, 4, 3), np.uint8)))
    start(folder, tmp_path / 'run', steps=2)
    monkeypatch.setattr(Validator, '__call__', lambda self, network, normalise: (
        {'score': .6}, np.zeros((4, 4, 3), np.uint8)))
    start(folder, tmp_path / 'run', resume=True, steps=3)
    best = Checkpoint.load(tmp_path / 'run/best.safetensors')
    assert best.scores['training_validation/score'] == .7


def test_nothing_is_saved_amid_an_update(folder, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Keeper, '_save', lambda self, trainer: saved.append(
        (trainer.global_step, trainer.fit_loop.epoch_loop.batch_progress.current.ready)))
    start(folder, tmp_path / 'run', steps=4, accumulate=3, validate_every=2)
    assert saved == [(2, 6), (4, 12)]


def test_a_run_is_not_overwritten(folder, tmp_path):
    first = start(folder, tmp_path / 'run', steps=1)
    with pytest.raises(UserError, match='--resume'):
        start(folder, tmp_path / 'run', steps=2)
    assert Checkpoint.load(tmp_path / 'run/last.safetensors').checksum == first.checksum


def test_data_without_the_recipes_classes_is_refused(folder, tmp_path):
    with pytest.raises(UserError, match='label_set: cityscapes'):
        start(folder, tmp_path / 'run', label_set='camvid')


def test_class_weights_follow_the_formula_and_absent_classes_weigh_nothing():
    class Fixed:
        def class_shares(self):
            return None     # not known before images are drawn

        def __getitem__(self, index):
            classes = np.zeros((7, 8), np.int64)
            classes[:, 4:] = 2
            return {'classes': classes, 'semantics': 1.}
    weights = data.class_weights(Fixed(), 3, 1.02, 2)
    assert weights.tolist() == pytest.approx([1 / np.log(1.52), 0, 1 / np.log(1.52)], rel=1e-6)


def test_matches_count_hits_doubtful_and_missed():
    truth = np.zeros((10, 30), int)
    truth[:, :10], truth[:, 20:25] = 26000, 26001
    unsure = np.zeros((10, 30), bool)
    unsure[:, 10:20] = True
    numbers = np.zeros((10, 30), int)
    numbers[:, :9], numbers[:, 11:19], numbers[:3, 26:] = 1, 2, 3
    matches = Matches()
    matches.add(numbers, truth, unsure)
    assert (matches.hits, matches.predicted, matches.true) == (1, 2, 2)


@pytest.mark.parametrize('task, scored, columns', [
    ('both', {'miou', 'iou_car', 'f1_embeddings', 'f1_components', 'f1_embeddings_true_classes'},
     4),
    ('semantic', {'miou', 'iou_car'}, 2),
    ('embedding', {'f1_embeddings_true_classes', 'f1_components_true_classes'}, 4)])
def test_the_validator_scores_and_draws(task, scored, columns):
    learner = Learner(Recipe(network='enet', task=task, input_size=(64, 32)), torch.ones(19))
    scores, image = Validator([street(0), street(1)], CITY, (64, 32), 1.5, task)(
        learner.network, learner.normalise)
    assert scored <= set(scores) and all(0 <= value <= 1 for value in scores.values())
    assert any(name.startswith('f1') for name in scores) == (task != 'semantic')
    assert ('miou' in scores) == (task != 'embedding')
    assert image.dtype == np.uint8 and image.shape == (2 * 192, columns * 384, 3)
    assert learner.network.training


def test_recipes_name_what_is_wrong(tmp_path):
    path = tmp_path / 'recipe.yaml'
    with pytest.raises(UserError, match='recipe.yaml'):
        load_recipe(path)
    path.write_text('lerning_rate: 1')
    with pytest.raises(UserError, match='lerning_rate'):
        load_recipe(path)
    path.write_text('a: [')
    with pytest.raises(UserError, match='YAML'):
        load_recipe(path)
    path.write_text('just words')
    with pytest.raises(UserError, match='lines'):
        load_recipe(path)
    for line, word in (('task: depth', 'semantic'), ('optimizer: newton', 'adamw'),
                       ('encoder_until: 1', 'encoder_until'), ('batch: many', 'batch'),
                       ('{task: embedding, instance_start: 0.1}', 'instance_start')):
        path.write_text(line)
        with pytest.raises(UserError, match=word):
            load_recipe(path)
    path.write_text(f"steps: {{x: {'a' * 5000}}}")
    with pytest.raises(UserError, match='steps is a number') as caught:
        load_recipe(path)
    assert len(str(caught.value)) < 500
    path.write_text('{batch: 3, learning_rate: 1e-4}')
    assert load_recipe(path).batch == 3 and load_recipe(path).learning_rate == 1e-4


def test_wrong_folders_end_with_status_2(folder, tmp_path, capsys):
    command = ['train', '--output', str(tmp_path / 'out'), '--data']
    assert main([*command, str(tmp_path)]) == 2
    assert 'unknown data set' in capsys.readouterr().err
    assert main([*command, str(folder), '--dataset', 'camvid']) == 2
    assert 'not of camvid' in capsys.readouterr().err
    assert main([*command, str(folder), '--resume']) == 2
    assert 'no run to resume' in capsys.readouterr().err
