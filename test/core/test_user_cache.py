# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The user's cache: made once, complete or not there, never an obstacle."""

import pytest

from instance_seg_ros.core import user_cache
from instance_seg_ros.core.user_cache import cache_folder, cached_bytes, writable_folder


def never():
    raise AssertionError('is in the cache')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return tmp_path / 'instance_seg_ros'


def test_content_is_made_once(folder):
    assert cached_bytes('a.onnx', lambda: b'content') == b'content'
    assert cached_bytes('a.onnx', never) == b'content'
    assert [path.name for path in folder.iterdir()] == ['a.onnx']


def test_nothing_is_left_of_what_failed(folder):
    with pytest.raises(AssertionError):
        cached_bytes('a.onnx', never)
    assert not folder.exists()


def test_an_empty_file_is_made_again(folder):
    """As file systems leave it when the power goes."""
    folder.mkdir()
    (folder / 'a.onnx').touch()
    assert cached_bytes('a.onnx', lambda: b'content') == b'content'
    assert (folder / 'a.onnx').read_bytes() == b'content'


def test_a_folder_that_cannot_be_written_is_logged(tmp_path, monkeypatch, caplog):
    """The content is there all the same."""
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert cached_bytes('a.onnx', lambda: b'content') == b'content'
    assert 'XDG_CACHE_HOME' in caplog.text and 'a.onnx' in caplog.text
    assert writable_folder('engines') is None and 'engines' in caplog.text


def test_a_folder_is_made(folder):
    assert writable_folder('engines') == folder / 'engines' and (folder / 'engines').is_dir()


def test_no_home_folder(monkeypatch):
    """As for a system user of a container."""
    def fail():
        raise RuntimeError('no home')

    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setattr(user_cache.Path, 'home', fail)
    assert cached_bytes('a.onnx', lambda: b'content') == b'content'


def test_a_relative_folder_is_not_used(monkeypatch):
    """As the XDG specification wants it."""
    monkeypatch.setenv('XDG_CACHE_HOME', 'here')
    assert cache_folder().is_absolute() and cache_folder().parent.name == '.cache'
