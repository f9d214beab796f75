# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stray parts of regions, against OpenCV's components of one region after the other."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from instance_seg_ros.inference.small_components import remove_small_components


def pixels(number, count):
    return np.bincount(number.ravel(), minlength=count + 1)[1:]


def slow(number, share):
    result = number.copy()
    for value in np.unique(number[number > 0]):
        count, parts = cv2.connectedComponents((number == value).astype(np.uint8))
        areas = [np.count_nonzero(parts == k) for k in range(count)]
        for k in range(1, count):
            if areas[k] < share * max(areas[1:]):
                result[parts == k] = 0
    return result


@settings(max_examples=300)
@given(arrays.arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)),
                     elements=st.integers(0, 3)), st.sampled_from([.2, .5, 1.]))
def test_it_is_what_one_region_after_the_other_gives(number, share):
    before, areas = number.copy(), pixels(number, 3)
    cleared, left = remove_small_components(number, areas, share)
    assert np.array_equal(cleared, slow(number, share))
    assert np.array_equal(number, before) and np.array_equal(left, pixels(cleared, 3))


@pytest.mark.parametrize('dtype', (np.int16, np.int32))
def test_a_stray_pixel_goes_and_both_halves_of_a_hidden_object_stay(dtype):
    number = np.zeros((20, 40), dtype)
    number[5:10, 5:10] = number[5:10, 12:15] = 1
    number[5:10, 10:12] = 2
    number[19, 39] = 1
    cleared, areas = remove_small_components(number, pixels(number, 2))
    assert areas.tolist() == [40, 10]
    assert cleared[19, 39] == 0 and cleared.dtype == dtype
    number[19, 39] = 0
    assert np.array_equal(cleared, number)
    again = remove_small_components(number, areas)
    assert again[0] is number and again[1] is areas


def test_rows_do_not_touch_around_the_border():
    number = np.zeros((3, 8), np.int32)
    number[0, 6:], number[1, 0], number[2, 7] = 1, 1, 1
    assert remove_small_components(number, pixels(number, 1), share=1)[0].sum() == 2


def test_nothing_is_nothing():
    number = np.zeros((4, 5), np.int32)
    assert remove_small_components(number, pixels(number, 0))[0] is number
