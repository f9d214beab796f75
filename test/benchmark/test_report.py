# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reports: the table, the file, and the comparison."""

import pytest

from instance_seg_ros.benchmark.report import Report, compare, table
from instance_seg_ros.core.errors import UserError


def report(median=2.0, name='loss', **settings):
    """Return a report of two rows, one of which lacks a number."""
    return Report(name, ('case',), [{'case': 'a', 'ms': median, 'n': 4},
                                    {'case': 'b', 'ms': None}], settings, ['a note'])


def test_table_aligns_words_left_and_numbers_right():
    """A missing number is a dash; columns come in order of appearance."""
    rows = [{'case': 'a', 'ms': 1234.6}, {'case': 'longer', 'ms': 0.01234, 'mb': 7}]
    assert table(rows) == ('case        ms  mb\n'
                           'a         1235   -\n'
                           'longer  0.0123   7')


def test_round_trip_through_json(tmp_path):
    """Machine, versions and settings are in the file."""
    before = report(images=8)
    before.save(tmp_path / 'new' / 'a.json')
    after = Report.load(tmp_path / 'new' / 'a.json')
    assert after == before and after.settings == {'images': 8}
    assert {'python', 'torch', 'numpy'} <= set(after.versions) and after.machine['processor']
    assert 'a note' in after.text()


def test_comparison_is_second_over_first():
    """Row by row; what is missing or differs is said."""
    ratios = compare(report(2.0, seed=1), report(3.0, seed=2))
    assert ratios.rows == [{'case': 'a', 'ms': 1.5, 'n': 1.0}, {'case': 'b'}]
    assert any('settings differ' in note for note in ratios.notes)
    other = report()
    other.rows.pop()
    assert any('1 rows' in note for note in compare(report(), other).notes)


def test_what_cannot_be_compared(tmp_path):
    """Different benchmarks, and files that are no reports."""
    with pytest.raises(UserError, match='different benchmarks'):
        compare(report(), report(name='gpu'))
    (tmp_path / 'a.json').write_text('{"rows": 3}')
    for path in (tmp_path / 'a.json', tmp_path / 'none.json'):
        with pytest.raises(UserError, match=path.name):
            Report.load(path)
