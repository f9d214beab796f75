# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of bags: each in a process of its own, by children or by Dask."""

import argparse
import json
import os
import select
import shutil
import signal
from pathlib import Path

import pytest
import zstandard
from pretend import pretend, write_and_fail

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.offline.folder import process_folder
from instance_seg_ros.offline.sole_writer import sole_writer

PATIENCE_S = 60
FOREVER = """
import argparse, sys
from pathlib import Path
from pretend import work_forever
from instance_seg_ros.offline.folder import process_folder
try:
    process_folder(argparse.Namespace(
        input=sys.argv[1], output=Path(sys.argv[2]), jobs=2, threads=1, json=None,
        scheduler=sys.argv[3] if len(sys.argv) > 3 else None), work_forever)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def drives(make_bag, tmp_path):
    """Return a folder of bags: two that can be processed, three that cannot."""
    folder = tmp_path / 'drives'
    folder.mkdir()
    make_bag('drives/a', frames=4)
    make_bag('drives/b', frames=1)
    make_bag('drives/c', storage='sqlite3')
    make_bag('drives/e', frames=2)
    (folder / 'notes.txt').touch()
    (folder / 'd.mcap').write_bytes(b'noise')
    return folder


@pytest.mark.parametrize('scheduler', [None, pytest.param('local', marks=pytest.mark.slow)])
def test_one_result_for_each_bag(drives, tmp_path, capsys, scheduler):
    """Failures are listed, and what is done is skipped the next time."""
    if scheduler:
        pytest.importorskip('distributed')
    out, summary = tmp_path / 'out', tmp_path / 'summary.json'
    args = argparse.Namespace(input=str(drives), output=out, jobs=2, threads=1, json=summary,
                              scheduler=scheduler)
    for done, said in (0, '4 messages'), (2, '5 bags, 2 already done'):
        assert process_folder(args, pretend) == 1
        text = capsys.readouterr().out
        assert f'5 bags, {done} already done' in text and said in text
        failed = text.splitlines()[-1]
        assert failed.startswith('3 failed: ')
        assert set(failed.removeprefix('3 failed: ').split(', ')) == {'b', 'd', 'e'}
        assert 'cannot be read as a ROS 2 bag' in text and 'e: ended with status -9' in text
        data = json.loads(summary.read_text())
        assert (data['done_before'], data['failed']) == (done, ['b', 'd', 'e'])
    assert sorted(p.name for p in out.iterdir()) == ['a', 'b.log', 'c', 'd.log', 'e.log']
    assert 'MemoryError: too large' in (out / 'b.log').read_text()


def test_a_result_of_no_use_is_tried_again(make_bag, tmp_path, capsys):
    make_bag('drives/a')
    args = arguments(tmp_path / 'drives', tmp_path / 'out')
    for _ in range(2):
        assert process_folder(args, write_and_fail) == 1
        text = capsys.readouterr().out
        assert '0 already done' in text and 'a: No image could be segmented' in text
        assert [p.name for p in (tmp_path / 'out').iterdir()] == ['a.log']


def test_names_with_dots(make_bag, make_video, tmp_path):
    """Only what says the kind of a file is cut off; files that are hidden are left alone."""
    folder = tmp_path / 'drives'
    make_bag('drives/2024.05.01_c')
    file = next(make_bag().glob('*.mcap'))
    shutil.copy(file, folder / '2024.05.01_a.mcap')
    (folder / '2024.05.01_b.mcap.zstd').write_bytes(zstandard.compress(file.read_bytes()))
    make_video('drives/2024.05.01_d.MP4')
    (folder / '._2024.05.01_a.mcap').write_bytes(b'noise')
    assert process_folder(arguments(folder, tmp_path / 'out'), pretend) == 0
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == [
        f'2024.05.01_{letter}' for letter in 'abcd']


def test_results_among_the_bags_are_refused(drives, tmp_path):
    (tmp_path / 'link').symlink_to(drives)
    before = sorted(drives.iterdir())
    with pytest.raises(UserError, match='link is the input folder; choose another'):
        process_folder(arguments(drives, tmp_path / 'link'), pretend)
    assert sorted(drives.iterdir()) == before


def arguments(folder, out):
    return argparse.Namespace(input=str(folder), output=out, jobs=2, threads=1, json=None,
                              scheduler=None)


@pytest.mark.parametrize('number, scheduler', [
    (signal.SIGTERM, None), (signal.SIGINT, None), (signal.SIGKILL, None),
    pytest.param(signal.SIGTERM, 'local', marks=pytest.mark.slow)])
def test_children_end_with_their_parent(make_bag, tmp_path, start_python, number, scheduler):
    """However it ends: they save what they have done."""
    if scheduler:
        pytest.importorskip('distributed')
    (tmp_path / 'drives').mkdir()
    make_bag('drives/a')
    make_bag('drives/b')
    out = tmp_path / 'out'
    out.mkdir()
    parent = start_python(
        '-c', FOREVER, tmp_path / 'drives', out, *([scheduler] if scheduler else []),
        PYTHONPATH=os.pathsep.join([str(Path(__file__).parent), os.environ.get('PYTHONPATH', ''),
                                    str(Path(__file__).parents[2])]))
    children = [pid_of(parent, out / f'{name}.pid') for name in 'ab']
    parent.send_signal(number)
    parent.communicate(timeout=PATIENCE_S)
    for child in children:
        assert select.select([child], [], [], PATIENCE_S)[0], 'the child outlives its parent'
        os.close(child)
    assert {p.name for p in out.glob('*.saved')} == {'a.saved', 'b.saved'}
    assert parent.returncode == (-9 if number == signal.SIGKILL else 130)


def pid_of(parent, file):
    """Return a descriptor that becomes readable with the end of the process named in a file."""
    watch = select.poll()
    parent_end = os.pidfd_open(parent.pid)
    watch.register(parent_end)
    while not file.exists():
        assert not watch.poll(50), parent.stdout.read()
    os.close(parent_end)
    return os.pidfd_open(int(file.read_text()))


def test_no_scheduler_there(drives, tmp_path):
    pytest.importorskip('distributed')
    args = argparse.Namespace(input=str(drives), output=tmp_path / 'out', jobs=1, threads=1,
                              json=None, scheduler='pigeon://nowhere:1')
    with pytest.raises(UserError, match='no Dask scheduler at pigeon://nowhere:1'):
        process_folder(args, pretend)


def test_one_writer_at_a_time(tmp_path):
    """The second is refused, and a lock whose owner has died is taken over."""
    result = tmp_path / 'folder' / 'out'
    with sole_writer(result):
        with pytest.raises(UserError, match='is being written by another process'):
            with sole_writer(result):
                pass
        with sole_writer(tmp_path / 'folder' / 'other'):
            pass
    (tmp_path / 'folder' / '.out.lock').touch()
    with sole_writer(result):
        pass
    assert list((tmp_path / 'folder').iterdir()) == []
