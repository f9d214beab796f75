# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are complete under their name, locks of this user, and children that end."""

import os
import subprocess
import sys

import pytest
from checkout import child_environment

from instance_seg_ros.core.atomic_file import atomic_path
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.runtime_folder import open_lock, runtime_folder
from instance_seg_ros.core.texts import shortened


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / 'deep' / 'x.txt'
    with atomic_path(path) as part:
        part.write_text('half')
        assert not path.exists()
    assert path.read_text() == 'half' and list(path.parent.iterdir()) == [path]
    with pytest.raises(RuntimeError), atomic_path(path) as part:
        part.write_text('other')
        raise RuntimeError
    assert path.read_text() == 'half' and list(path.parent.iterdir()) == [path]


def test_locks_lie_in_a_folder_of_this_user(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_RUNTIME_DIR', str(tmp_path))
    open_lock('a.lock').close()
    assert runtime_folder() == tmp_path / 'instance_seg_ros'
    assert (tmp_path / 'instance_seg_ros').stat().st_mode & 0o077 == 0


def test_links_and_open_folders_are_refused(tmp_path, monkeypatch):
    """Another user may have put them there beforehand, to have a file of ours overwritten."""
    monkeypatch.setenv('XDG_RUNTIME_DIR', str(tmp_path))
    victim = tmp_path / 'victim'
    victim.write_text('precious')
    (runtime_folder() / 'a.lock').symlink_to(victim)
    with pytest.raises(UserError, match='a.lock'):
        open_lock('a.lock')
    assert victim.read_text() == 'precious'
    runtime_folder().chmod(0o777)
    with pytest.raises(UserError, match='not a folder of this user alone'):
        open_lock('b.lock')
    monkeypatch.setenv('XDG_RUNTIME_DIR', str(tmp_path / 'other'))
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'instance_seg_ros').symlink_to(tmp_path)
    with pytest.raises(UserError, match='not a folder of this user alone'):
        open_lock('b.lock')


@pytest.mark.skipif(sys.platform != 'linux', reason='needs prctl')
@pytest.mark.parametrize('way', ('subprocess.Popen(SLEEP, preexec_fn=dying_with_parent())',
                                 'subprocess.Popen(WITH_PARENT)'))
def test_a_child_ends_with_a_parent_that_is_killed(way):
    """It has the writing end of a pipe, whose end shows that it is gone."""
    code = f"""
import os, subprocess, sys
from instance_seg_ros.core.child_process import dying_with_parent
SLEEP = ['sleep', '600']
WITH_PARENT = [sys.executable, '-c',
               'from instance_seg_ros.core.child_process import die_with_parent\\n'
               'die_with_parent(); print(1, flush=True)\\nimport time; time.sleep(600)']
child = {way}
print('started', child.pid, flush=True)
os.read(0, 1)
"""
    read, write = os.pipe()
    parent = subprocess.Popen([sys.executable, '-c', code], env=child_environment(),
                              stdin=subprocess.PIPE, stdout=write, text=True)
    os.close(write)
    said = b''
    while said.count(b'\n') < 1 + ('WITH_PARENT' in way):
        said += os.read(read, 100)
    parent.kill()
    parent.wait()
    parent.stdin.close()
    assert not os.read(read, 1)     # returns when the last holder of the pipe has ended
    os.close(read)


def test_long_texts_are_shortened():
    assert shortened('short') == 'short'
    assert len(shortened('x' * 10 ** 7)) < 140 and '10000000 characters' in shortened('x' * 10**7)
