# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``instance_seg benchmark node``: a few small frames through all of its processes."""

import argparse
import os
import signal
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

from instance_seg_ros.benchmark.report import Report  # noqa: E402
from instance_seg_ros.benchmark.ros import (
    node as benchmark,
)  # noqa: E402
from instance_seg_ros.benchmark.ros import (
    node_memory as benchmark_memory,
)
from instance_seg_ros.benchmark.ros import (
    node_rows as benchmark_rows,
)
from instance_seg_ros.core.errors import UserError  # noqa: E402
from instance_seg_ros.inference.checkpoint import random_checkpoint  # noqa: E402

pytestmark = pytest.mark.ros

SMALL = ('--sizes', '96x64', '--input-size', '64x64', '--device', 'cpu', '--threads', '1',
         '--fast-dds', 'profile')
PARTS = ['transport in', 'wait', 'decode', 'preprocess', 'network', 'clustering', 'masks',
         'messages', 'transport out', 'rest']
PATIENCE_S = 120


def options(*words):
    parser = argparse.ArgumentParser()
    benchmark.add_arguments(parser)
    return parser.parse_args([*SMALL, *words])


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'untrained.safetensors'
    random_checkpoint(input_size=(64, 64)).save(path)
    return str(path)


def test_every_part_of_the_way(checkpoint, tmp_path):
    before = dict(os.environ)
    report = benchmark.run(options('--checkpoint', checkpoint, '--frames', '4', '--rate', '20'))
    assert dict(os.environ) == before
    for transport in ('raw', 'jpeg'):
        rows = {r['part']: r for r in report.rows if r['transport'] == transport}
        assert list(rows) == ['camera to mask', 'echo', 'segmenter', *PARTS]
        whole = rows['camera to mask']
        assert (whole['sent'], rows['echo']['sent']) == (4, 4) and whole['lost'] < 4
        assert whole['over'] == pytest.approx(
            whole['p50_ms'] / (rows['echo']['p50_ms'] + rows['segmenter']['p50_ms']))
        assert all(0 < rows[part]['p50_ms'] <= rows[part]['p99_ms'] <= whole['p99_ms']
                   for part in PARTS)
    built = [r['part'] for r in report.rows if r['transport'] == '-']
    assert [part.split()[1] for part in built] == [
        'instance_mask', 'class_mask', 'detections', 'overlay']
    report.save(tmp_path / 'node.json')
    assert Report.load(tmp_path / 'node.json').rows == report.rows


def test_what_is_wrong_ends_with_a_sentence(checkpoint):
    with pytest.raises(UserError, match='--rate'):
        benchmark.run(options('--rate', '0'))
    with pytest.raises(UserError, match='abacus'):
        benchmark.run(options('--checkpoint', checkpoint, '--device', 'abacus'))


def test_ctrl_c_leaves_nothing_behind(start_python, checkpoint):
    child = start_python('-m', 'instance_seg_ros.cli', 'benchmark', 'node', *SMALL,
                         '--checkpoint', checkpoint)
    assert 'Fast DDS' in child.stdout.readline()
    while len(peers := children(child.pid)) < len(benchmark.CONTESTANTS) + 2:
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    printed, _ = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130 and 'Traceback' not in printed, printed
    assert not [pid for pid in peers if Path(f'/proc/{pid}').exists()]


def children(parent):
    """Return the child processes of a process (Linux)."""
    stats = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            stats.append((path.parent.name, path.read_text().rpartition(')')[2].split()))
        except (OSError, ProcessLookupError):
            continue
    return [pid for pid, fields in stats if fields[1] == str(parent)]


# From notes to rows


def test_parts_add_up():
    frame = {'stamp': 1_000_000, 'arrived': 3_000_000, 'found': 30_000_000, 'sent': 31_500_000,
             'stages': {'wait': 1.0, 'decode': 2.0, 'network': 20.0, 'segment': 23.0,
                        'publish': 5.0, 'total': 30.0}}
    parts = benchmark_rows.parts_of(frame, 35_000_000)
    assert parts == {'transport in': 2.0, 'wait': 1.0, 'decode': 2.0, 'network': 20.0,
                     'messages': 1.5, 'transport out': 3.5, 'rest': pytest.approx(4.0)}
    assert sum(parts.values()) == pytest.approx(34.0)


def test_lost_frames_are_counted_and_do_not_enter_times():
    sent = [{'who': who, 'size': '9x9', 'stamp': stamp}
            for who in ('echo', 'segmenter', 'node') for stamp in (10, 20, 30)]
    heard = [{'who': 'echo', 'stamp': 10, 'received': 1_000_010},
             {'who': 'echo', 'stamp': 20, 'received': 3_000_020},
             {'who': 'echo', 'stamp': 99, 'received': 9_000_000}]       # while warming up
    whole, echo, bare = benchmark_rows.case_rows({'size': '9x9'}, sent, heard,
                                            [{'stamp': 10, 'ms': 7.0}], [])
    assert (whole['sent'], whole['lost'], whole['p50_ms'], whole['over']) == (3, 3, None, None)
    assert (echo['sent'], echo['lost'], echo['p50_ms']) == (3, 1, 2.0)
    assert bare['p50_ms'] == 7.0 and 'lost' not in bare


def test_memory_of_the_node(checkpoint):
    """A row for each look, relative to the first."""
    parser = argparse.ArgumentParser()
    benchmark_memory.add_arguments(parser)
    report = benchmark_memory.run(parser.parse_args(
        ['--checkpoint', checkpoint, '--device', 'cpu', '--threads', '1', '--image-size', '96x64',
         '--input-size', '64x64', '--after', '2', '4']))
    assert [r['frames'] for r in report.rows] == [2, 4] and report.rows[0]['over_first'] == 1
    assert report.rows[1]['resident_mb'] > 100
