# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each network of the paper's Table 2, in full, learns an image to the last pixel.

Through the training step and out by the checkpoint, the segmenter with its clusters, and the
official scorer: AP 1.0 is possible only when all of them fit together.
"""
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from training.streets import CITY, street

from instance_seg_ros.evaluation.frames import TruthFrame, ids_of
from instance_seg_ros.evaluation.official import Prediction, Scorer
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.training.learner import Learner
from instance_seg_ros.training.recipe import Recipe


@dataclass(frozen=True)
class Case:
    """How long and how fast to learn which cars: place (x, y) and size in an image of `shape`."""

    network: str
    steps: int
    rate: float
    shape: tuple[int, int] = (64, 128)
    cars: tuple = ((8, 20), (36, 22), (80, 30))
    size: tuple[int, int] = (28, 24)
    loss: float = .05


# Two cars that touch. The last two networks have cells of 8x8 pixels, which the cars fill;
# between the middles of two cells all is interpolated, which leaves some loss at the edges.
SMALL = {'shape': (64, 64), 'cars': ((4, 20), (32, 20))}
CELLS = {'shape': (64, 64), 'cars': ((0, 16), (32, 16)), 'size': (32, 32), 'loss': .1}
CASES = (Case('enet', 300, 5e-3), Case('enet_branched', 120, 5e-3),
         Case('segnet', 50, 2e-3, **SMALL),
         Case('dilation10', 24, 2e-4, **CELLS), Case('resnet38', 20, 3e-4, **CELLS))


@pytest.fixture(autouse=True)
def plain_convolutions():
    """Compute without oneDNN, which needs twenty seconds for a gradient of dilated 7x7 weights."""
    with torch.backends.mkldnn.flags(enabled=False):
        yield


def learn(case: Case, sample) -> tuple[Learner, float]:
    """Train on one image; return the learner and its loss as it is at run time."""
    torch.manual_seed(0)
    height, width = case.shape
    learner = Learner(Recipe(
        network=case.network, steps=case.steps, learning_rate=case.rate, instance_ramp=0,
        weight_decay=0, crop=(width, height), input_size=(width, height)), torch.ones(19))
    learner.log_dict = lambda *args, **kwargs: None
    batch = {'image': torch.from_numpy(sample.image).permute(2, 0, 1)[None],
             'classes': torch.from_numpy(sample.classes.astype(np.int64))[None],
             'instances': torch.from_numpy(sample.instances.astype(np.int64))[None],
             'semantics': torch.ones(1)}
    optimizer = learner.configure_optimizers()
    for group in optimizer.param_groups:
        group['fused'] = True       # one pass over more than 120 million weights
    for step in range(case.steps):
        for group in optimizer.param_groups:
            group['lr'] = learner.schedule.learning_rate(step / case.steps)
        optimizer.zero_grad()
        learner.training_step(batch, step).backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 5.)
        optimizer.step()
    learner.eval()
    with torch.no_grad():
        measure_norms(learner, batch)
        return learner, float(learner.training_step(batch, 0))


def measure_norms(learner: Learner, batch: dict):
    """Give batch norms the statistics that the image has at run time.

    Running means lag behind weights that change this fast, saw the image with dropout, and
    are estimates (n - 1), where 16 pixels in the deepest layers are all there ever is.
    """
    def measure(norm, inputs):
        norm.running_mean.copy_(inputs[0].mean((0, 2, 3)))
        norm.running_var.copy_(inputs[0].var((0, 2, 3), unbiased=False))
    hooks = [module.register_forward_pre_hook(measure) for module in learner.modules()
             if isinstance(module, torch.nn.BatchNorm2d)]
    learner.training_step(batch, 0)
    for hook in hooks:
        hook.remove()


@pytest.mark.slow
@pytest.mark.parametrize('case', CASES, ids=lambda case: case.network)
def test_an_image_is_learnt_to_the_last_pixel(case):
    sample = street(1, case.shape, case.cars, case.size)
    learner, loss = learn(case, sample)
    assert loss < case.loss
    recipe = learner.recipe
    segmenter = InstanceSegmenter(Checkpoint(
        network=recipe.network, label_set=CITY, state=learner.network.state_dict(),
        input_size=recipe.input_size, mean=recipe.mean, std=recipe.std), device='cpu',
        score_threshold=0.)
    result, frame = segmenter(sample.image), TruthFrame(sample, ids_of(sample, CITY))
    scorer = Scorer(['car'])
    scorer.add(frame.ids, [Prediction(i.label_id, i.score, result.mask_of(i))
                           for i in result.instances])
    assert scorer.scores().averages['allAp'] == pytest.approx(1.)
