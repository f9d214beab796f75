# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.evaluation.calibration_error import calibration_error


def test_a_case_computed_by_hand():
    # bin 0.5 to 0.6: mean score .55, one of two right; bin 0.9 to 1: mean .95, none of two right
    scores, right = np.array([.52, .58, .9, 1.]), np.array([True, False, False, False])
    assert calibration_error(scores, right) == pytest.approx((2 * .05 + 2 * .95) / 4)


def test_scores_that_are_the_share_of_right_ones_have_none():
    assert calibration_error(np.full(4, .25), np.arange(4) == 0) == 0
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_it_is_between_zero_and_one(pairs):
    scores, right = map(np.array, zip(*pairs, strict=True))
    assert 0 <= calibration_error(scores, right) <= 1
