# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks of one task or two, the encoder before its decoder, and every recipe there is."""
import dataclasses
import math

import pytest
import torch
from checkout import ROOT
from torch.nn import functional as F
from training.streets import CITY, SMALL, start

from instance_seg_ros.cli import build_parser
from instance_seg_ros.commands.train import PAPERS, _recipe
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.training.learner import Learner
from instance_seg_ros.training.losses import ClassLoss, OverlapLoss, coarse_labels
from instance_seg_ros.training.recipe import Recipe, load_recipe
from instance_seg_ros.training.run import Run, train
from instance_seg_ros.training.schedule import Schedule
from instance_seg_ros.training.start import initialise

RECIPES = sorted((ROOT / 'config/training').glob('*.yaml'))
PLAIN = SMALL | {'encoder_share': 1., 'instance_start': 0., 'steps': 2, 'network': 'enet',
                 'input_size': [64, 64]}


def test_two_networks_of_one_task_each_go_together(folder, tmp_path):
    """The paper's set-up, from training to masks."""
    for task in ('semantic', 'embedding'):
        checkpoint = start(folder, tmp_path / task, base=PLAIN, task=task)
        assert (checkpoint.task, checkpoint.network) == (task, 'enet')
    segmenter = InstanceSegmenter.from_checkpoint(
        tmp_path / 'embedding/last.safetensors', device='cpu',
        semantic_checkpoint=tmp_path / 'semantic/last.safetensors')
    segmenter.warm_up()


def batch(size=(32, 64)):
    torch.manual_seed(0)
    classes = torch.randint(0, 19, (2, *size))
    return {'image': torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8), 'classes': classes,
            'instances': torch.where(classes == 13, 26001, 0), 'semantics': torch.ones(2)}


def gradients(learner, now=0.):
    """Return the names of the parts that one step moves."""
    learner._now = now
    learner.log_dict = lambda *args, **kwargs: None
    learner.training_step(batch(), 0).backward()
    return {name.split('.')[1] if name.startswith('network') else 'head'
            for name, p in learner.named_parameters() if p.grad is not None}


def test_the_encoder_learns_first_and_alone():
    recipe = Recipe(network='enet', task='semantic', encoder_until=.4)
    encoder = {'start', 'down2', 'stage2', 'stage3'}
    assert gradients(Learner(recipe, torch.ones(19))) == encoder | {'head'}
    assert gradients(Learner(recipe, torch.ones(19)), .4) == encoder | {'decoder'}
    assert Learner(dataclasses.replace(recipe, network='segnet'), torch.ones(19)).auxiliary is None


def test_rates_rise_and_fall_in_each_phase():
    recipe = Recipe(encoder_until=.5, warmup=.2, learning_rate=1., final_rate=.1)
    rate = Schedule(recipe, has_encoder=True).learning_rate
    for begin in (0, .5):
        rates = [rate(begin + since) for since in (0, .05, .1, .499)]
        assert rates == pytest.approx([.02, .5, 1, .1], rel=1e-6)
    whole = Schedule(recipe, has_encoder=False).learning_rate
    assert whole(.2) == 1 and whole(.6) == pytest.approx((1 + math.cos(math.pi / 2)) / 2)
    assert Schedule(dataclasses.replace(recipe, final_rate=1., warmup=0.), False).learning_rate(
        .9) == 1


def test_the_auxiliary_head_is_for_encoders_that_learn_classes():
    recipe = Recipe(auxiliary_weight=.4, auxiliary_until=.3)
    assert [Schedule(recipe, True).auxiliary_weight(done) for done in (0, .3)] == [.4, 0]
    assert Schedule(recipe, False).auxiliary_weight(0) == 0
    alone = dataclasses.replace(recipe, task='embedding')
    assert not Schedule(alone, True).needs_head()


def test_coarse_labels_are_those_in_the_middle_of_cells():
    classes = torch.arange(20 * 24).view(1, 20, 24) % 19
    coarse = coarse_labels(classes, (3, 3))
    assert torch.equal(coarse[0, :2], classes[0, 4::8, 4::8])
    assert coarse[0, 2].tolist() == [255] * 3      # row 20: below the image


def test_the_class_loss_is_the_weighted_mean_over_known_pixels():
    torch.manual_seed(0)
    logits, classes = torch.randn(2, 5, 6, 7), torch.randint(0, 5, (2, 6, 7))
    classes[0, :3] = 255
    weights = torch.rand(5) + .5
    expected = F.cross_entropy(logits, classes, weights, ignore_index=255)
    torch.testing.assert_close(ClassLoss(weights)(logits, classes, torch.ones(2)), expected)
    first = F.cross_entropy(logits[:1], classes[:1], weights, ignore_index=255)
    torch.testing.assert_close(ClassLoss(weights)(logits, classes, torch.tensor([1., 0.])), first)
    nothing = torch.full_like(classes, 255)
    assert ClassLoss(weights)(logits, nothing, torch.ones(2)) == 0


def slow_overlap(logits, classes, images):
    """Soft IoU by its definition, class by class, in float64."""
    soft, losses = logits.double().softmax(1), []
    for k in range(logits.shape[1]):
        hit = truth = either = 0.
        for n in images:
            known = classes[n] != 255
            p, y = soft[n, k][known], (classes[n][known] == k).double()
            hit, truth = hit + (p * y).sum(), truth + y.sum()
            either = either + (p + y - p * y).sum()
        if truth:
            losses.append(1 - hit / either)
    return sum(losses) / len(losses)


def test_the_overlap_loss_is_the_soft_iou_of_the_classes_shown():
    torch.manual_seed(0)
    logits, classes = torch.randn(2, 5, 6, 7), torch.randint(0, 4, (2, 6, 7))
    classes[0, :3] = 255
    loss, whole = OverlapLoss(), torch.ones(2)
    expected = slow_overlap(logits, classes, (0, 1)).float()
    torch.testing.assert_close(loss(logits, classes, whole), expected)
    first = slow_overlap(logits, classes, (0,)).float()
    torch.testing.assert_close(loss(logits, classes, torch.tensor([1., 0.])), first)
    sure = 100. * F.one_hot(classes.clamp_max(4), 5).movedim(-1, 1)
    torch.testing.assert_close(loss(sure, classes, whole), torch.tensor(0.))
    assert loss(logits, torch.full_like(classes, 255), whole) == 0
    assert torch.autograd.gradcheck(
        lambda x: loss(x, classes, whole), logits.double().requires_grad_(), eps=1e-2, atol=1e-3)


def test_a_share_of_the_gradient_needs_branches():
    with pytest.raises(UserError, match='enet_branched'):
        Learner(Recipe(network='enet', encoder_share=.1), torch.ones(19))


def test_an_embedding_network_starts_from_a_semantic_one():
    """All but the last layer, which has other outputs; and says so."""
    semantic = random_checkpoint(3, 'enet', task='semantic')
    learner = Learner(Recipe(network='enet', task='embedding'), torch.ones(19))
    said = initialise(learner.network, semantic)
    own = learner.network.state_dict()
    left = {name for name, tensor in semantic.state.items() if tensor.shape != own[name].shape
            or not torch.equal(own[name], tensor)}
    assert left == {'decoder.final.weight', 'decoder.final.bias'}
    assert 'as drawn: decoder.final.weight, decoder.final.bias' in said
    with pytest.raises(UserError, match='--network'):
        initialise(learner.network, random_checkpoint(3, 'segnet', task='semantic'))


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_every_recipe_trains_a_step(path, folder, tmp_path):
    """On smaller images."""
    recipe = load_recipe(path)
    small = dataclasses.replace(recipe, steps=1, batch=2, accumulate=1, crop=(64, 32),
                                input_size=(64, 32))
    if recipe.label_set == 'sticks':
        small = dataclasses.replace(small, crop=(32, 32), input_size=(32, 32))
    data = () if recipe.label_set == 'sticks' else (folder,)
    train(Run(small, data, tmp_path / 'run', 'a command', workers=0))
    checkpoint = Checkpoint.load(tmp_path / 'run/last.safetensors')
    assert (checkpoint.task, checkpoint.options) == (recipe.task, recipe.options)


def test_the_papers_recipe_is_the_default_of_each_task():
    assert set(PAPERS.values()) <= {path.name for path in RECIPES}
    for task, name in PAPERS.items():
        args = build_parser('train').parse_args(['train', '--task', task, '--steps', '7'])
        assert _recipe(args) == dataclasses.replace(
            load_recipe(ROOT / 'config/training' / name), steps=7)
    embedding = load_recipe(ROOT / 'config/training/paper_embedding.yaml')
    assert (embedding.optimizer, embedding.learning_rate) == ('adam', 1e-4)
    both = load_recipe(ROOT / 'config/training/paper.yaml')
    assert (both.optimizer, both.learning_rate, both.accumulate) == ('adam', 5e-4, 5)
    assert both.final_rate == embedding.final_rate == 1 and not both.disturb | embedding.disturb
    assert embedding.input_size == embedding.crop == [768, 384]
    assert (embedding.margin_variance, embedding.margin_distance) == (.5, 1.5)
    assert CITY.name == embedding.label_set


def test_the_verb_trains_any_network(folder, tmp_path):
    from instance_seg_ros.cli import main
    recipe = tmp_path / 'small.yaml'
    recipe.write_text('{crop: [64, 32], input_size: [64, 32], batch: 2, steps: 1}')
    assert main(['train', '--dataset', 'cityscapes', '--data', str(folder), '--network',
                 'enet_port', '--task', 'embedding', '--config', str(recipe), '--workers', '0',
                 '--output', str(tmp_path / 'run')]) == 0
    checkpoint = Checkpoint.load(tmp_path / 'run/last.safetensors')
    assert (checkpoint.network, checkpoint.task) == ('enet_port', 'embedding')
    assert '--network enet_port --task embedding' in checkpoint.provenance['command']
