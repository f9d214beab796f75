# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are written: whole or not at all, and readable by others."""

import csv
import json

import cv2
import numpy as np
import pytest

from instance_seg_ros.core.atomic_file import atomic_path
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.io.results import image_record, write_csv, write_json, write_masks


def example():
    """Return a road with a car and a person of whom the person is not separated."""
    classes = np.full((20, 30), 7, np.uint8)
    ids = np.zeros((20, 30), np.uint16)
    classes[5:10, 5:15], ids[5:10, 5:15] = 26, 26003
    classes[2:8, 20:24] = 24
    return InstanceMap.from_masks(LabelSet.named('cityscapes'), classes, ids, {26003: 0.5})


def test_masks_are_as_in_cityscapes(tmp_path):
    """Ids of instances where there are any, label ids elsewhere; 16 and 8 bit."""
    write_masks(tmp_path / 'deep' / 'x', example())
    ids = cv2.imread(str(tmp_path / 'deep/x_instanceIds.png'), cv2.IMREAD_UNCHANGED)
    labels = cv2.imread(str(tmp_path / 'deep/x_labelIds.png'), cv2.IMREAD_UNCHANGED)
    assert ids.dtype == np.uint16 and labels.dtype == np.uint8
    assert (ids[7, 7], ids[0, 0], ids[4, 21]) == (26003, 7, 24)
    assert (np.where(ids >= 1000, ids // 1000, ids) == labels).all()


def test_tables_tell_the_same(tmp_path):
    """One row for each instance, as in the JSON."""
    records = [image_record('a.png', example()), image_record('v.mp4', example(), 3, 0.12)]
    write_csv(tmp_path / 'i.csv', records)
    write_json(tmp_path / 'i.json', records)
    assert json.loads((tmp_path / 'i.json').read_text()) == json.loads(json.dumps(records))
    rows = list(csv.DictReader((tmp_path / 'i.csv').open()))
    assert [row['file'] for row in rows] == ['a.png', 'v.mp4']
    assert rows[0]['frame'] == '' and rows[1]['frame'] == '3' and rows[1]['time_s'] == '0.12'
    assert [rows[0][k] for k in ('id', 'label', 'x0', 'y0', 'x1', 'y1', 'area')] == [
        '26003', 'car', '5', '5', '15', '10', '50']


def test_a_failure_leaves_what_was_there(tmp_path):
    """Neither half a file nor a temporary one."""
    path = tmp_path / 'x.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), atomic_path(path) as part:
        part.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]
    with pytest.raises(UserError, match='cannot be written'):
        write_json(path / 'below_a_file.json', {})
