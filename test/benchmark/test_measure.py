# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clocks and memory: what is measured is what was done."""

import sys

import numpy as np
import pytest

from instance_seg_ros.benchmark.measure import Times, peak_memory, time_calls


def test_median_spread_and_percentiles():
    """Of numbers known by hand."""
    times = Times((5.0, 1.0, 3.0, 2.0, 4.0))
    assert (times.median, times.spread, times.percentile(100)) == (3.0, 2.0, 5.0)


def test_functions_take_turns():
    """Warm-up first, then round after round."""
    calls = []
    functions = {name: lambda name=name: calls.append(name) for name in 'ab'}
    times = time_calls(functions, repeats=2, warm_up=1)
    assert calls == ['a', 'b'] * 3
    assert all(len(t.ms) == 2 and min(t.ms) >= 0 for t in times.values())


@pytest.mark.skipif(sys.platform != 'linux', reason='reads the peak from /proc')
def test_peak_memory_of_an_array():
    """An array that lives only inside the call still counts, and is not counted twice."""
    assert peak_memory(lambda: np.ones(8_000_000)) == pytest.approx(64, abs=8)
    assert peak_memory(lambda: None) < 8
