# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each effect by itself, haze and night by their formulas, and settings that do not fit."""
from dataclasses import fields

import numpy as np
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.augmentation import Augmentation
from instance_seg_ros.datasets.camera_effects import CameraEffects
from instance_seg_ros.datasets.sample import Sample
from instance_seg_ros.datasets.weather import haze, night
from instance_seg_ros.training.data import augmentation
from instance_seg_ros.training.recipe import Recipe, load_recipe

NAMES = [setting.name for setting in fields(CameraEffects)]
OFF = {name: (0, *getattr(CameraEffects(), name)[1:]) for name in NAMES}
CAR = LabelSet.named('cityscapes').names.index('car')


def sample(shape=(48, 96)) -> Sample:
    """Draw a coloured gradient with a car in it."""
    y, x = np.mgrid[:shape[0], :shape[1]]
    image = np.stack([60 + x, 80 + y, 200 - x], 2).clip(0, 255).astype(np.uint8)
    image[::4, ::3] = 30
    classes, instances = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    classes[20:40, 30:60], instances[20:40, 30:60] = CAR, 26000
    return Sample('gradient', image, classes, instances)


def augmented(effects, seed, one=None):
    crop = Augmentation((96, 48), (1., 1.), (2., 2.), 0., effects=CameraEffects.of(effects))
    return crop(one or sample(), seed)


def is_mirrored(result) -> bool:
    return bool(result.classes[30, 62])


@pytest.mark.parametrize('name', NAMES)
def test_each_effect_changes_the_image_and_never_the_labels(name):
    strength = getattr(CameraEffects(), name)[1:]
    changed = 0
    for seed in range(6):
        plain, result = augmented(OFF, seed), augmented(OFF | {name: (1, *strength)}, seed)
        assert np.array_equal(plain.classes, result.classes)
        assert np.array_equal(plain.instances, result.instances)
        assert result.image.dtype == np.uint8 and result.image.shape == plain.image.shape
        changed += not np.array_equal(plain.image, result.image)
    assert changed >= 5


def test_without_effects_an_image_is_only_mirrored():
    seen = set()
    for seed in range(12):
        result = augmented(OFF, seed)
        seen.add(is_mirrored(result))
        image = result.image[:, ::-1] if is_mirrored(result) else result.image
        assert np.array_equal(image, sample().image)
    assert seen == {True, False}


def test_the_same_seed_gives_the_same_pixels():
    effects = {name: (.5, *getattr(CameraEffects(), name)[1:]) for name in NAMES}
    one, two = augmented(effects, 4), augmented(effects, 4)
    assert np.array_equal(one.image, two.image)
    assert not np.array_equal(one.image, augmented(effects, 5).image)


def test_haze_is_complete_at_the_horizon_and_none_at_the_camera():
    image = np.full((101, 4, 3), 50, np.uint8)
    result = haze(image, 1., 50.5 / 101, 210.)
    assert (result[50] == 210).all() and (result[-1] == 50).all()
    assert result[0, 0, 0] == round(50 + 160 * (.6 + .4 / 101))
    assert (np.diff(result[50:, 0, 0].astype(int)) <= 0).all()
    assert np.array_equal(haze(image, 0., .5, 210.), image)


def test_night_leaves_lamps_bright():
    image = np.array([[[0, 128, 255]]], np.uint8)
    result = night(image, .2, (1., 1., 1.))[0, 0]
    middle = 128 / 255
    assert result.tolist() == [0, round(255 * middle * (.2 + .8 * middle ** 6)), 255]
    assert np.array_equal(night(image, 1., (1., 1., 1.)), image)
    assert night(image, 1., (1., .5, 1.))[0, 0, 1] == 64


@pytest.mark.parametrize('effects, said', [
    ({'hail': [.5, 1, 2]}, 'Unknown effect hail'), ({'haze': [2, 0, 1]}, 'Effect haze'),
    ({'haze': [.5, 1, 0]}, 'Effect haze'), ({'haze': [.5]}, 'Effect haze'),
    ({'haze': 1}, 'three numbers'), ({'haze': ['a', 0, 1]}, 'three numbers')])
def test_settings_that_do_not_fit_are_refused(effects, said):
    with pytest.raises(UserError, match=said):
        augmentation(Recipe(effects=effects))


def test_a_recipe_sets_effects(tmp_path):
    path = tmp_path / 'recipe.yaml'
    path.write_text('{crop: [96, 48], area: [1, 1], aspect: [2, 2], rich: 0,\n'
                    ' effects: {grey: [1, 0, 0]}}')
    result = augmentation(load_recipe(path))(sample(), 3)
    spread = np.ptp(result.image.astype(int), axis=2)
    assert np.median(spread) <= 12      # grey, but for compression


def test_small_frames_are_not_blown_up():
    """A quarter of 96 x 48 for 96 x 48 is an enlargement by 2: at most 1.25 asks for .64."""
    whole = Augmentation((96, 48), (.25, 1.), (2., 2.), 0., disturb=False, enlarge=1.25)
    areas = [np.prod([s.stop - s.start for s in whole._window(sample(), np.random.default_rng(k))])
             for k in range(40)]
    assert .6 * 96 * 48 < min(areas) < .75 * 96 * 48 and max(areas) > .9 * 96 * 48
