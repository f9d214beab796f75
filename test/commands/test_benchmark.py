# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg benchmark`: from the words to the table and the file."""

import pytest

from instance_seg_ros import cli
from instance_seg_ros.benchmark.report import Report

WORDS = ['--images', '1', '--size', '40x16', '--instances', '3', '--repeats', '1', '--device',
         'cpu']


def test_table_json_and_comparison(tmp_path, capsys):
    """What was printed is in the file; two files are compared."""
    file = str(tmp_path / 'a.json')
    assert cli.main(['benchmark', 'loss', *WORDS, '--json', file]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == Report.load(file).text()
    assert cli.main(['benchmark', 'compare', file, file]) == 0
    assert 'second over first' in capsys.readouterr().out


def test_help_of_the_verb_and_of_one_benchmark(capsys):
    """The first lists the benchmarks, the second the arguments."""
    for words, expected in ((['--help'], 'clustering'), (['loss', '--help'], '--instances')):
        with pytest.raises(SystemExit) as ended:
            cli.main(['benchmark', *words])
        assert ended.value.code == 0 and expected in capsys.readouterr().out


def test_what_is_wrong_ends_with_status_2(capsys, tmp_path):
    """An unknown device and a report that is none."""
    assert cli.main(['benchmark', 'loss', *WORDS[:-1], 'cuda:99']) == 2
    assert 'cuda:99' in capsys.readouterr().err
    assert cli.main(['benchmark', 'compare', str(tmp_path / 'x'), str(tmp_path / 'y')]) == 2
