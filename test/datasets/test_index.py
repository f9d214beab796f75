# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from instance_seg_ros.datasets import index as module
from instance_seg_ros.datasets import open_dataset
from instance_seg_ros.datasets.coco import Coco

from . import written


@pytest.fixture
def scans(monkeypatch):
    """Collect the splits that are indexed."""
    seen = []
    scan = Coco.scan

    def watch(self, builder):
        seen.append(self.split)
        return scan(self, builder)
    monkeypatch.setattr(Coco, 'scan', watch)
    return seen


def test_an_index_is_kept_until_its_files_change(tmp_path, scans):
    written.coco(tmp_path)
    for _ in range(3):
        assert len(open_dataset(tmp_path, 'val', 'cityscapes')) == 1
    assert scans == ['val']
    os.utime(tmp_path / 'annotations/instances_val2017.json', (1, 1))
    open_dataset(tmp_path, 'val', 'cityscapes')
    assert scans == ['val', 'val']
    (tmp_path / 'val2017/a.png').unlink()       # which changes the folder
    assert open_dataset(tmp_path, 'val', 'cityscapes').problems()
    assert scans == ['val'] * 3


def test_a_damaged_index_is_made_anew(tmp_path, scans, cache):
    written.coco(tmp_path)
    open_dataset(tmp_path, 'val', 'cityscapes')
    path, = (cache / 'instance_seg_ros/index').iterdir()
    path.write_bytes(b'nonsense')
    assert len(open_dataset(tmp_path, 'val', 'cityscapes')) == 1
    assert scans == ['val', 'val']


def test_an_index_that_fails_leaves_nothing_behind(tmp_path, cache):
    written.coco(tmp_path)
    path = tmp_path / 'annotations/instances_val2017.json'
    path.write_text(path.read_text()[:-3])
    with pytest.raises(Exception, match='broken JSON'):
        open_dataset(tmp_path, 'val', 'cityscapes')
    assert not list((cache / 'instance_seg_ros/index').iterdir())


def test_counts_come_from_the_index(tmp_path):
    written.coco(tmp_path)
    data = open_dataset(tmp_path, 'val', 'cityscapes')
    assert data.index.counts() == {'car': (2, 1, 300.), 'person': (1, 1, 120.)}


def test_annotations_are_read_when_they_are_needed(tmp_path):
    """Nothing of the annotations stays in the reader: only numbers of the images."""
    written.coco(tmp_path)
    data = open_dataset(tmp_path, 'val', 'cityscapes')
    assert data._numbers == [1] and isinstance(data.index, module.Index)
    assert not any(isinstance(v, (list, dict)) and v for v in vars(data.index).values()
                   if v is not data.index.facts)
