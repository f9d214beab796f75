# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles of the stages of a frame."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.monitoring.timings import StageTimings


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=500))
def test_percentiles_are_those_of_the_latest_frames(values):
    timings = StageTimings(window=100)
    for value in values:
        timings.add({'network': value, 'decode': 1.0})
    result = timings.percentiles()
    assert list(result) == ['network', 'decode']
    assert np.allclose(result['network'], np.percentile(values[-100:], (50, 95, 99)))
