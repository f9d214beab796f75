# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instance maps: fields agree or they are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet

LABELS = LabelSet.named('cityscapes')


def example():
    """Two cars and a person in a 6 x 8 image."""
    ids = np.zeros((6, 8), np.uint16)
    ids[1:3, 1:4], ids[4, 5:], ids[3:6, 0] = 26000, 26001, 24000
    return InstanceMap.from_masks(LABELS, (ids // 1000).astype(np.uint8), ids, {26001: 0.5})


def test_records_follow_from_masks():
    """Box, area, name and score of each mask value, by ascending id."""
    person, first, second = example().instances
    assert (person.id, person.label, person.box, person.area) == (24000, 'person', (0, 3, 1, 6), 3)
    assert (first.box, first.area, first.score) == ((1, 1, 4, 3), 6, 1.0)
    assert (second.label_id, second.score) == (26, 0.5)
    assert example().mask_of(second).sum() == 3
    assert (example().height, example().width) == (6, 8)


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint16, (7, 9), elements=st.sampled_from([0, 24000, 24001, 26000, 33999])))
def test_any_mask_gives_consistent_records(mask):
    """What from_masks builds passes its own check of every pixel."""
    InstanceMap.from_masks(LABELS, np.zeros((7, 9), np.uint8), mask).check_pixels()


@pytest.mark.parametrize('change, message', [
    ({'class_mask': np.zeros((6, 8), np.int64)}, 'class_mask must be a uint8'),
    ({'instance_mask': np.zeros((6, 8, 1), np.uint16)}, 'instance_mask must be a uint16'),
    ({'class_mask': np.zeros((6, 9), np.uint8)}, 'class_mask is'),
    ({'instances': example().instances[::-1]}, 'ascending'),
    ({'instances': example().instances[:1] * 2}, 'ascending')])
def test_masks_and_order_are_checked(change, message):
    """Wrong type, shape or order is named."""
    with pytest.raises(ValueError, match=message):
        replace(example(), **change)


@pytest.mark.parametrize('change, message', [
    ({'id': 27000}, 'begin with its label id'), ({'label': 'bus'}, 'not called'),
    ({'box': (0, 0, 9, 6)}, 'outside'), ({'box': (3, 3, 3, 4)}, 'outside'),
    ({'area': 0}, 'area'), ({'area': 99}, 'area'), ({'score': 1.5}, 'score'),
    ({'score': float('nan')}, 'score')])
def test_records_are_checked(change, message):
    """Each field of a record is held against the others."""
    whole = example()
    broken = (replace(whole.instances[0], **change), *whole.instances[1:])
    if change.get('id'):
        broken = (*whole.instances[1:], replace(whole.instances[0], **change))
    with pytest.raises(ValueError, match=message):
        replace(whole, instances=broken)


def test_pixels_are_checked_on_demand():
    """A record without pixels, pixels without a record, and a wrong box are found."""
    whole = example()
    with pytest.raises(ValueError, match='differ'):
        replace(whole, instances=whole.instances[:2]).check_pixels()
    moved = replace(whole.instances[1], box=(2, 1, 5, 3))
    with pytest.raises(ValueError, match='box'):
        replace(whole, instances=(whole.instances[0], moved, whole.instances[2])).check_pixels()


def test_a_mask_value_without_a_label_is_refused():
    """9000 would be label id 9, which Cityscapes' set does not have."""
    with pytest.raises(ValueError, match='9000'):
        ids = np.full((2, 2), 9000, np.uint16)
        InstanceMap.from_masks(LABELS, np.zeros((2, 2), np.uint8), ids)
