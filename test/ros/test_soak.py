# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A short soak, and what its report finds."""

import dataclasses
from collections import Counter

import pytest
from ros.soak import soak
from ros.soak_report import Sample, problems, table

pytestmark = pytest.mark.ros
GOOD = Counter({'diagnostics': 9, 'published': 9, 'parameters set': 9})


def run(**slopes):
    start = Sample(0, 500, 20, 90, 4, 0, 0)
    return [dataclasses.replace(start, seconds=5.0 * k, cpu_s=.5 * k, published=10 * k, **{
        name: getattr(start, name) + slope * k for name, slope in slopes.items()})
        for k in range(120)]


@pytest.mark.parametrize('slopes', (
    {'memory_mib': .2}, {'threads': 1}, {'files': 1}, {'segments': 1}))
def test_what_grows_is_reported(slopes):
    (text,) = problems(run(**slopes), GOOD, trends=True)
    assert 'grew from' in text or 'grows by' in text
    assert problems(run(), GOOD, trends=True) == []


@pytest.mark.parametrize('name', ('unbalanced', 'tracebacks', 'exit status'))
def test_what_is_wrong_is_reported(name):
    assert problems(run(), GOOD | Counter({name: 2}), trends=False) == [f'{name}: 2']
    assert problems(run(), Counter(), trends=False)


@pytest.mark.slow
def test_a_short_soak(monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    samples, counts = soak(minutes=0.3, rate_hz=4)
    assert problems(samples, counts, trends=False) == [], table(samples, counts)
    assert counts['lifecycle cycles'] >= 1 and counts['failed'] > 0
