# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import os
import signal

import cv2
import numpy as np
import pytest
import torch

from instance_seg_ros.checkpoint import Checkpoint
from instance_seg_ros.cli import main
from instance_seg_ros.datasets.sample import Sample
from instance_seg_ros.errors import UserError
from instance_seg_ros.evaluation.frames import Frame, ids_of
from instance_seg_ros.evaluation.official import Scorer
from instance_seg_ros.evaluation.predictors import Predictor
from instance_seg_ros.labels import LabelSet
from instance_seg_ros.segmenter import InstanceSegmenter
from instance_seg_ros.training import run as running
from instance_seg_ros.training.learner import Learner
from instance_seg_ros.training.recipe import Recipe, load_recipe
from instance_seg_ros.training.validation import Matches, Validator

CITY = LabelSet.named('cityscapes')
SMALL = {'crop': [64, 32], 'input_size': [64, 32], 'batch': 2, 'steps': 6, 'validate_every': 3,
         'auxiliary_weight': .4, 'encoder_share': .1, 'instance_start': .2}


def street(seed=0, shape=(64, 128), cars=((8, 20), (36, 22), (80, 30))) -> Sample:
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 110, (*shape, 3)).astype(np.uint8)
    classes, instances = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    for number, (x, y) in enumerate(cars):
        window = np.s_[y:y + 24, x:x + 28]
        image[window] = rng.integers(0, 256, 3)
        classes[window], instances[window] = CITY.names.index('car'), 26000 + number
    return Sample(f'town_000000_{seed:06d}', image, classes, instances)


@pytest.fixture
def folder(tmp_path):
    """Return a folder of four pictures in the layout of Cityscapes."""
    root = tmp_path / 'data'
    for kind in ('leftImg8bit', 'gtFine'):
        (root / kind / 'train' / 'town').mkdir(parents=True)
    for seed in range(4):
        sample = street(seed)
        ids = CITY.ids[sample.classes]
        truth = root / 'gtFine/train/town'
        cv2.imwrite(str(root / f'leftImg8bit/train/town/{sample.name}_leftImg8bit.png'),
                    sample.image)
        cv2.imwrite(str(truth / f'{sample.name}_gtFine_labelIds.png'), ids)
        cv2.imwrite(str(truth / f'{sample.name}_gtFine_instanceIds.png'),
                    np.where(sample.instances > 0, sample.instances, ids).astype(np.uint16))
    return root


def start(folder, output, resume=False, **changes):
    running.train(running.Run(Recipe(**(SMALL | changes)), (folder,), output, 'a command',
                              output / 'last.ckpt' if resume else None, workers=0))
    return Checkpoint.load(output / 'last.safetensors')


@pytest.fixture
def losses(monkeypatch):
    """Collect the loss of every step."""
    seen = []
    step = Learner.training_step

    def watch(self, batch, batch_idx):
        loss = step(self, batch, batch_idx)
        seen.append(float(loss))
        return loss
    monkeypatch.setattr(Learner, 'training_step', watch)
    return seen


def test_a_stopped_run_goes_on_exactly(folder, tmp_path, losses, monkeypatch):
    whole = start(folder, tmp_path / 'whole')
    expected = losses.copy()
    losses.clear()
    step = Learner.training_step

    def interrupted(self, batch, batch_idx):
        if self.global_step == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, batch, batch_idx)
    with monkeypatch.context() as patch:
        patch.setattr(Learner, 'training_step', interrupted)
        stopped = start(folder, tmp_path / 'parts')
    assert stopped.provenance['steps'] == 4 and len(losses) == 4
    resumed = start(folder, tmp_path / 'parts', resume=True)
    assert losses == expected
    assert resumed.checksum == whole.checksum


def test_the_checkpoint_says_where_it_comes_from(folder, tmp_path):
    checkpoint = start(folder, tmp_path / 'run', steps=2)
    assert checkpoint.provenance['command'] == 'a command'
    assert checkpoint.provenance['data'] == ['cityscapes']
    assert checkpoint.input_size == (64, 32)
    assert (tmp_path / 'run/best.safetensors').is_file()


def test_one_batch_is_learnt_to_the_last_pixel():
    samples = [street(1), street(2, cars=((10, 8), (40, 12), (70, 30)))]
    recipe = Recipe(steps=140, learning_rate=5e-3, instance_ramp=0, crop=(128, 64),
                    input_size=(128, 64), options={'pixels_per_unit': 20})
    learner = Learner(recipe, torch.ones(19))
    batch = {'image': torch.stack([torch.from_numpy(s.image).permute(2, 0, 1) for s in samples]),
             'classes': torch.stack([torch.from_numpy(s.classes.astype(np.int64))
                                     for s in samples]),
             'instances': torch.stack([torch.from_numpy(s.instances.astype(np.int64))
                                       for s in samples]),
             'semantics': torch.ones(2)}
    optimizer = learner.configure_optimizers()
    learner.log_dict = lambda *args, **kwargs: None
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group['lr'] = recipe.learning_rate * (1 - step / recipe.steps)
        optimizer.zero_grad()
        learner.training_step(batch, step).backward()
        optimizer.step()
    learner.eval()
    with torch.no_grad():
        assert float(learner.training_step(batch, 0)) < .05
    segmenter = InstanceSegmenter(Checkpoint(
        network=recipe.network, label_set=CITY, state=learner.network.state_dict(),
        options=recipe.options, input_size=(128, 64), mean=recipe.mean, std=recipe.std),
        device='cpu')
    scorer = Scorer(['car'])
    for sample in samples:
        frame = Frame(sample, ids_of(sample, CITY))
        scorer.add(frame.ids, Predictor(segmenter)(frame)[1]['embeddings'])
    assert scorer.scores().averages['allAp'] == 1.


def test_class_weights_follow_the_formula_and_absent_classes_weigh_nothing():
    class Fixed:
        def __getitem__(self, index):
            classes = np.zeros((7, 8), np.int64)
            classes[:, 4:] = 2
            return {'classes': classes, 'semantics': 1.}
    weights = running.class_weights(Fixed(), 3, 1.02, 2)
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


def test_the_validator_scores_and_draws():
    learner = Learner(Recipe(input_size=(64, 32)), torch.ones(19))
    scores, picture = Validator([street(0), street(1)], CITY, (64, 32), 1.5)(
        learner.network, learner.normalise)
    assert 0 <= scores['miou'] <= 1 and 'f1_embeddings_true_classes' in scores
    assert picture.dtype == np.uint8 and picture.shape == (2 * 192, 4 * 384, 3)
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
    path.write_text('batch: 3')
    assert load_recipe(path).batch == 3


def test_the_shipped_recipes_load():
    from checkout import ROOT
    recipes = sorted((ROOT / 'config/training').glob('*.yaml'))
    assert recipes
    for path in recipes:
        load_recipe(path)


def test_wrong_folders_end_with_status_2(folder, tmp_path, capsys):
    command = ['train', '--output', str(tmp_path / 'out'), '--data']
    assert main([*command, str(tmp_path)]) == 2
    assert 'neither CamVid' in capsys.readouterr().err
    assert main([*command, str(folder), '--dataset', 'camvid']) == 2
    assert 'not camvid' in capsys.readouterr().err
    assert main([*command, str(folder), '--resume']) == 2
    assert 'no run to resume' in capsys.readouterr().err
