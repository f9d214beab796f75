# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bins of time, however long the time is."""

import pytest
from review.recordings import BEGIN, PERIOD

pytest.importorskip('matplotlib')
from instance_seg_ros.review.charts import binned  # noqa: E402

SECOND = 1_000_000_000


def test_frames_and_values_of_each_second():
    """Ten frames in the first one, five in the second, none in the third."""
    stamps = [BEGIN + k * PERIOD for k in range(15)] + [BEGIN + 3 * SECOND]
    seconds, width, counts = binned(stamps)
    assert (seconds.tolist(), width, counts.tolist()) == ([0, 1, 2, 3], 1, [10, 5, 0, 1])
    *_, sums = binned(stamps, [2] * 16)
    assert sums.tolist() == [20, 10, 0, 2]


@pytest.mark.parametrize('stamps', [
    [0, BEGIN, BEGIN + SECOND], [k * 60 * SECOND for k in range(5000)],
    [k * SECOND for k in range(3601)]])
def test_long_times_get_longer_bins_not_more_of_them(stamps):
    """From the zero of a clock that was not set, and through several days; none is lost."""
    seconds, width, counts = binned(stamps)
    assert 1800 <= len(seconds) == len(counts) <= 3600
    assert counts.sum() == len(stamps)
    assert seconds[-1] <= (stamps[-1] - stamps[0]) / SECOND < seconds[-1] + width
