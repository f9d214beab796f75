# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import pickle

import numpy as np
import pytest

from instance_seg_ros.datasets import DATASETS, open_dataset, recognise
from instance_seg_ros.datasets.painter import BACKGROUND_ID
from instance_seg_ros.datasets.sample import IGNORE

from .written import CITY, CROWD, IMAGE, LABELS_ROAD, LAYOUTS, OBJECTS, bdd100k, rectangle


@pytest.mark.parametrize('layout', LAYOUTS, ids=lambda f: f.__name__)
def test_every_layout_reads_as_the_same_scene(layout, tmp_path):
    layout(tmp_path)
    assert recognise(tmp_path) == LAYOUTS[layout]
    data = open_dataset(tmp_path, 'val', 'cityscapes')
    assert len(data) == 1 and not data.problems()
    sample, ids = data.with_truth(0)
    assert sample.image.shape == IMAGE.shape
    assert np.abs(sample.image[..., ::-1].astype(int) - IMAGE).mean() < 3
    numbers = set()
    for label, box in OBJECTS.values():
        inside = rectangle(box)
        value, = np.unique(ids[inside])
        numbers.add(value)
        assert value // 1000 == CITY.by_name(label).id
        assert (sample.classes[inside] == CITY.names.index(label)).all()
        assert (sample.instances[inside] == value).all()
        assert np.count_nonzero(ids == value) == inside.sum()
    assert len(numbers) == 3
    background = ids[0, 0]
    road = LAYOUTS[layout] in LABELS_ROAD or layout is bdd100k
    assert background == (7 if road else BACKGROUND_ID)
    assert sample.classes[0, 0] == (CITY.names.index('road') if road else IGNORE)


@pytest.mark.parametrize('layout', [x for x in LAYOUTS if 'yolo' not in x.__name__],
                         ids=lambda f: f.__name__)
def test_crowds_and_void_are_ignored(layout, tmp_path):
    layout(tmp_path)
    sample, ids = open_dataset(tmp_path, 'val', 'cityscapes').with_truth(0)
    assert not ids[rectangle(CROWD)].any()
    assert (sample.classes[rectangle(CROWD)] == IGNORE).all()


def test_readers_cross_to_other_processes(tmp_path):
    for number, layout in enumerate(LAYOUTS):
        folder = tmp_path / str(number)
        layout(folder)
        data = open_dataset(folder, 'val', 'cityscapes')
        copy = pickle.loads(pickle.dumps(data))
        assert np.array_equal(copy[0].instances, data[0].instances)


def test_every_reader_of_files_has_a_layout_here():
    assert {*LAYOUTS.values(), 'camvid', 'idd-lite', 'sticks'} == set(DATASETS)
