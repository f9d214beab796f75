# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of the latest frames: none is lost, all are ordered by camera."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.perception.frame_batcher import FrameBatcher


class Frame:
    """A frame of a camera."""

    def __init__(self, camera):
        self.camera = camera


def names(frames):
    return [frame.camera for frame in frames]


def test_the_latest_frame_wins_and_the_other_comes_back():
    batcher, first, second = FrameBatcher(), Frame(''), Frame('')
    assert batcher.put('', first) is None
    assert batcher.put('', second) is first
    assert batcher.take() == [second]


@given(st.lists(st.sampled_from('abc'), max_size=30))
def test_no_frame_is_lost(cameras):
    batcher, sent, back = FrameBatcher(batch_timeout_s=0.0), [], []
    for n, name in enumerate(cameras):
        sent.append(Frame(name))
        old = batcher.put(name, sent[-1])
        back += [old] if old else []
        if n % 4 == 3:
            back += batcher.take()
    back += batcher.close()
    assert sorted(map(id, back)) == sorted(map(id, sent))
    late = Frame('a')
    assert batcher.put('a', late) is late and batcher.take() is None


def test_a_batch_leaves_when_all_expected_cameras_are_there():
    batcher = FrameBatcher(batch_timeout_s=30.0, expected=('a', 'b'))
    batcher.put('a', Frame('a'))
    batch = []
    taker = threading.Thread(target=lambda: batch.extend(batcher.take()))
    taker.start()
    batcher.put('b', Frame('b'))
    taker.join(10)
    assert names(batch) == ['a', 'b']


def test_a_silent_camera_delays_one_batch_only():
    """The second batch without it would otherwise wait for an hour."""
    batcher = FrameBatcher(batch_timeout_s=0.05, expected='ab')
    batcher.put('a', Frame('a'))
    assert names(batcher.take()) == ['a']
    batcher.batch_timeout_s = 3600.0
    batcher.put('a', Frame('a'))
    assert names(batcher.take()) == ['a']
    batcher.put('b', Frame('b'))
    batcher.put('a', Frame('a'))
    assert names(batcher.take()) == ['a', 'b']


def test_closing_wakes_who_waits():
    batcher, result = FrameBatcher(), []
    taker = threading.Thread(target=lambda: result.append(batcher.take()))
    taker.start()
    assert batcher.close() == []
    taker.join(10)
    assert result == [None]


def test_batches_are_ordered_by_camera():
    """Whatever the order of arrival: shapes and rounding of a batch stay the same."""
    batcher = FrameBatcher(expected='abc')
    for name in 'cab':
        batcher.put(name, Frame(name))
    assert names(batcher.take()) == ['a', 'b', 'c']
