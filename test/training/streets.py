# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small images to learn, a folder of them, and a network that is as small."""
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor, nn

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.sample import Sample
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.networks import NETWORKS
from instance_seg_ros.networks.blocks import OneMap
from instance_seg_ros.training.recipe import Recipe
from instance_seg_ros.training.run import Run, train

CITY = LabelSet.named('cityscapes')
SMALL = {'crop': [64, 32], 'input_size': [64, 32], 'batch': 2, 'steps': 6, 'validate_every': 3,
         'auxiliary_weight': .4, 'encoder_share': .1, 'instance_start': .2}


def street(seed=0, shape=(64, 128), cars=((8, 20), (36, 22), (80, 30)), size=(28, 24)) -> Sample:
    """Draw cars of one colour each, `size` (width, height), at (x, y), on grey."""
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 110, (*shape, 3)).astype(np.uint8)
    classes, instances = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    for number, (x, y) in enumerate(cars):
        window = np.s_[y:y + size[1], x:x + size[0]]
        image[window] = rng.integers(0, 256, 3)
        classes[window], instances[window] = CITY.names.index('car'), 26000 + number
    return Sample(f'town_000000_{seed:06d}', image, classes, instances)


def write_city(root: Path, split: str = 'train', count: int = 4) -> Path:
    """Write images in the layout of Cityscapes."""
    images, truth = root / f'leftImg8bit/{split}/town', root / f'gtFine/{split}/town'
    for folder in (images, truth):
        folder.mkdir(parents=True)
    for seed in range(count):
        sample = street(seed)
        ids = CITY.ids[sample.classes]
        cv2.imwrite(str(images / f'{sample.name}_leftImg8bit.png'), sample.image)
        cv2.imwrite(str(truth / f'{sample.name}_gtFine_labelIds.png'), ids)
        cv2.imwrite(str(truth / f'{sample.name}_gtFine_instanceIds.png'),
                    np.where(sample.instances > 0, sample.instances, ids).astype(np.uint16))
    return root


def run_of(folder: Path, output: Path, resume: bool = False, base=None, **changes) -> Run:
    """Return a small run: settings are those of `base`, or SMALL, and the changes."""
    run = {name: changes.pop(name) for name in ('init', 'devices') if name in changes}
    recipe = Recipe(**((SMALL if base is None else base) | changes))
    return Run(recipe, (folder,), output, 'a command', output / 'last.ckpt' if resume else None,
               workers=0, **run)


def start(folder: Path, output: Path, *args, **settings) -> Checkpoint:
    """Train as `run_of` says; return what was written last."""
    train(run_of(folder, output, *args, **settings))
    return Checkpoint.load(output / 'last.safetensors')


class Tiny(OneMap):
    """Two convolutions: nothing in it depends on the other images of a batch."""

    stride = 1

    def __init__(self, *outputs: int):
        super().__init__(*outputs)
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Tanh(),
                                    nn.Conv2d(8, sum(outputs), 1))

    def map(self, images: Tensor) -> Tensor:
        return self.layers(images)


NETWORKS['tiny'] = Tiny
TINY = {'network': 'tiny', 'crop': [64, 32], 'input_size': [64, 32], 'batch': 4, 'steps': 4,
        'learning_rate': 1e-2, 'clip': 0, 'overlap_weight': 1., 'instance_ramp': 0,
        'validate_every': 100}
