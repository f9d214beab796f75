# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pseudo labels: what all views of an image agree on, from images, videos and bags."""
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.instances import Instance, InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets import open_dataset
from instance_seg_ros.datasets.sample import IGNORE
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.io.video_writer import write_film
from instance_seg_ros.training.pseudo_labels import Thresholds, _mirrored, agreed, other_colors
from instance_seg_ros.training.unlabelled import unlabelled_images

CITYSCAPES = LabelSet.named('cityscapes')
ROAD, CAR = 7, 26
IMAGE = np.zeros((40, 60, 3), np.uint8)
CERTAIN = np.ones((40, 60), bool)


def found(*boxes, score=0.9, label=CAR):
    """One instance of a class for each box (x0, y0, x1, y1) on a road."""
    classes, instances = np.full((40, 60), ROAD, np.uint8), np.zeros((40, 60), np.uint16)
    records = []
    for k, (x0, y0, x1, y1) in enumerate(boxes):
        classes[y0:y1, x0:x1], instances[y0:y1, x0:x1] = label, label * 1000 + k
        records.append(Instance(label * 1000 + k, CITYSCAPES.by_id(label).name, label, score,
                                (x0, y0, x1, y1), (x1 - x0) * (y1 - y0)))
    return InstanceMap(CITYSCAPES, classes, instances, tuple(records))


def label(*views, certain=CERTAIN, neighbours=()):
    return agreed('a', IMAGE, views, certain, neighbours, Thresholds())


def test_an_instance_of_all_views_is_kept():
    one = found((10, 10, 30, 30))
    sample = label(one, one, found((11, 10, 30, 30)))
    assert set(np.unique(sample.instances)) == {0, 26000}
    car = CITYSCAPES.index_by_id[CAR]
    assert (sample.classes[12:30, 12:30] == car).all()
    assert (sample.classes[12:28, 10] == IGNORE).all()       # where the views differ
    assert (sample.classes[:9] == CITYSCAPES.index_by_id[ROAD]).all()


@pytest.mark.parametrize('other', [
    found(), found((10, 10, 20, 30)), found((10, 10, 30, 30), label=24)],
    ids=['missing', 'cut', 'other class'])
def test_an_instance_without_its_counterpart_is_not(other):
    one = found((10, 10, 30, 30))
    assert not label(one, one, other).instances.any()


def test_a_low_score_is_not_kept():
    one = found((10, 10, 30, 30), score=0.3)
    sample = label(one, one)
    assert not sample.instances.any()
    assert (sample.classes[10:30, 10:30] == CITYSCAPES.index_by_id[CAR]).all()   # unseparated


def test_one_of_the_neighbouring_frames_must_show_it():
    one, moved, gone = found((10, 10, 30, 30)), found((16, 10, 36, 30)), found()
    assert label(one, one, neighbours=(gone, moved)).instances.any()
    assert not label(one, one, neighbours=(gone, gone)).instances.any()


def test_uncertain_pixels_are_void():
    one, certain = found((10, 10, 30, 30)), CERTAIN.copy()
    certain[:20] = False
    sample = label(one, one, certain=certain)
    assert (sample.classes[:20] == IGNORE).all() and not sample.instances[:20].any()
    assert (sample.instances[20:30, 10:30] == 26000).all()


def test_mirroring_twice_changes_nothing():
    one = found((10, 10, 30, 30), (40, 3, 50, 9))
    twice = _mirrored(_mirrored(one))
    assert (twice.instance_mask == one.instance_mask).all()
    assert twice.instances == one.instances
    assert _mirrored(one).instances[0].box == (30, 10, 50, 30)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
@settings(max_examples=20, deadline=None)
def test_other_colors_are_grey_on_average(red, green, blue):
    image = np.full((4, 4, 3), (red, green, blue), np.uint8)
    assert np.ptp(other_colors(image).reshape(-1, 3)[0].astype(int)) <= 6 or 255 in image \
        or 0 in image


@pytest.mark.parametrize('name', ['probability', 'score', 'overlap'])
def test_thresholds_are_checked(name):
    with pytest.raises(UserError, match=name):
        Thresholds(**{name: 1.5})


def noise(seed):
    return np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)


def test_frames_of_a_video_come_with_their_neighbours(tmp_path):
    write_film(tmp_path / 'drive.mp4', ((k / 10, noise(k)) for k in range(6)))
    items = list(unlabelled_images(tmp_path / 'drive.mp4', every=2))
    assert [item.name for item in items] == [f'drive_{k:06d}' for k in (0, 2, 4)]
    assert [len(item.neighbours) for item in items] == [1, 2, 2]


def test_a_folder_becomes_a_data_set(tmp_path, capsys):
    """Broken images are named; the result can be read for training."""
    images = tmp_path / 'images'
    images.mkdir()
    for k in range(2):
        cv2.imwrite(str(images / f'{k}.png'), noise(k))
    (images / 'broken.jpg').write_bytes(b'nothing')
    weights = tmp_path / 'random.safetensors'
    random_checkpoint(input_size=(64, 64)).save(weights)
    arguments = ['pseudo-label', str(images), '--checkpoint', str(weights), '--device', 'cpu',
                 '--probability', '0']
    assert main([*arguments, '--output', str(tmp_path / 'labels')]) == 0
    printed = capsys.readouterr()
    assert 'Wrote 2 images' in printed.out and 'broken.jpg is skipped' in printed.err
    data = open_dataset(tmp_path / 'labels', 'train', CITYSCAPES)
    assert len(data) == 2 and data[0].image.shape == (48, 64, 3)
    assert main([*arguments, '--every', '0', '--output', str(tmp_path / 'none')]) == 2
    assert '--every' in capsys.readouterr().err
