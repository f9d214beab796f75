# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets import DATASETS, open_dataset, recognise


@pytest.mark.parametrize('name', DATASETS)
def test_every_reader_states_its_facts(name):
    reader = DATASETS[name]
    assert reader.title and reader.layout and reader.licence
    assert set(reader.evaluates) <= {'classes', 'instances'} and reader.evaluates
    assert LabelSet.named(reader.own_labels)


def test_an_empty_folder_belongs_to_no_reader(tmp_path):
    assert not any(reader.recognises(tmp_path) for reader in DATASETS.values())
    with pytest.raises(UserError, match='unknown data set'):
        recognise(tmp_path)
    with pytest.raises(UserError, match='no such folder'):
        open_dataset(tmp_path / 'missing', 'train', 'cityscapes')


def test_real_folders_are_recognised(shared_data):
    found = {name: recognise(shared_data / name) for name in ('camvid', 'streets',
                                                              'kitti_mots_0005')}
    assert found == {'camvid': 'camvid', 'streets': 'cityscapes', 'kitti_mots_0005': 'kitti-mots'}
