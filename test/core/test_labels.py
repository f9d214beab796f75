# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Label sets."""

import json

import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import IGNORE_INDEX, Label, LabelSet


def test_cityscapes_agrees_with_the_official_table():
    """Ids, order of training ids, names, colours and countability of the benchmark's package."""
    official = pytest.importorskip('cityscapesscripts.helpers.labels', reason='not installed')
    known = sorted((x for x in official.labels if 0 <= x.trainId < 255), key=lambda x: x.trainId)
    ours = LabelSet.named('cityscapes').labels
    assert [(x.id, x.name, x.color, x.hasInstances) for x in known] == [
        (x.id, x.name, x.color, x.has_instances) for x in ours]


@pytest.mark.parametrize('name', ['cityscapes', 'camvid', 'sticks'])
def test_tables_and_round_trip(name):
    """Channel, id and colour tables agree; plain data brings the same set back."""
    labels = LabelSet.named(name)
    for k, label in enumerate(labels.labels):
        assert labels.index_of_id(label.id) == k and labels.by_name(label.name) is label
        assert tuple(labels.color_table[label.id]) == label.color
    assert labels.index_by_id[0] == IGNORE_INDEX
    assert LabelSet.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels


def test_unknown_names_list_the_known_ones():
    """The message is the remedy."""
    with pytest.raises(UserError, match='cityscapes, camvid, sticks'):
        LabelSet.named('kitti')
    with pytest.raises(UserError, match='motorcycle, bicycle'):
        LabelSet.named('cityscapes').by_name('tram')
    with pytest.raises(KeyError):
        LabelSet.named('cityscapes').by_id(9)


@pytest.mark.parametrize('labels', [
    (), (Label(0, 'a', (0, 0, 0)),), (Label(65, 'a', (0, 0, 0)),),
    (Label(1, 'a', (0, 0, 0)), Label(1, 'b', (0, 0, 0))),
    (Label(1, 'a', (0, 0, 0)), Label(2, 'a', (0, 0, 0)))])
def test_ambiguous_sets_are_refused(labels):
    """Empty, out of 16-bit range, or repeating an id or a name."""
    with pytest.raises(ValueError, match='label set'):
        LabelSet('broken', labels)


@pytest.mark.parametrize('color', [(1, 2), (1, 2, 3, 4), (0, 0, 300), (-1, 0, 0)])
def test_colours_are_three_numbers_of_eight_bits(color):
    """Others would fail much later, when the first overlay is drawn."""
    label = {'id': 1, 'name': 'car', 'color': color, 'has_instances': True}
    with pytest.raises(ValueError):
        LabelSet.from_dict({'name': 'mine', 'labels': [label]})
