# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When messages are due: exactly when they were recorded, however long the bag."""

import threading
from itertools import islice

import pytest
from bag_content import BEGIN, FRAMES, INFO, PERIOD, RAW
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.bags import Message, Topic, open_source
from instance_seg_ros.bags.playback import Playback, play
from instance_seg_ros.core.errors import UserError

SECOND = 1_000_000_000


class Stamps:
    """A source of messages at given times."""

    path = 'stamps'

    def __init__(self, stamps):
        self.stamps = sorted(stamps)
        self.topics = (Topic('/a', 'std_msgs/msg/String', len(stamps)),)
        self.start, self.end = self.stamps[0], self.stamps[-1]

    def messages(self, topics=None, start=None, stop=None):
        for stamp in self.stamps:
            if start <= stamp < stop:
                yield Message(stamp, self.topics[0], b'')


class FakeTime:
    """A clock that advances only in wait() and work(); also a stop event."""

    def __init__(self, work=0.0, stop_after=float('inf')):
        self.time, self.work, self.stop_after = 1000.0, work, stop_after
        self.published = []

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += seconds
        return self.time - 1000.0 >= self.stop_after

    def publish(self, event):
        self.published.append((self.time - 1000.0, event))
        self.time += self.work


stamps = st.lists(st.integers(BEGIN, BEGIN + 10**13), min_size=1, max_size=50, unique=True)
rates = st.floats(0.01, 100)


@given(stamps, rates)
def test_each_message_at_its_time(stamps, rate):
    clock = FakeTime()
    late = play(Playback(rate).timeline(Stamps(stamps)), clock.publish, clock, clock.now)
    assert late < 1e-6
    for at, event in clock.published:
        assert at == pytest.approx((event.stamp - min(stamps)) / SECOND / rate, abs=1e-6)
    assert [e.stamp for _, e in clock.published] == sorted(stamps)


@given(stamps, st.floats(0, 5))
def test_never_early_and_no_error_adds_up(stamps, work):
    clock = FakeTime(work)
    late = play(Playback().timeline(Stamps(stamps)), clock.publish, clock, clock.now)
    assert len(clock.published) == len(stamps)
    free = 0.0  # when the publisher is free again
    for at, event in clock.published:
        due = (event.stamp - min(stamps)) / SECOND
        assert at >= due - 1e-6
        assert at == pytest.approx(max(due, free), abs=1e-6)
        assert at - due <= late + 1e-6
        free = at + work


@given(stamps, rates, st.integers(2, 4))
def test_loops_follow_each_other_at_the_mean_interval(stamps, rate, loops):
    source = Stamps(stamps)
    events = list(islice(Playback(rate, loop=True).timeline(source), loops * len(stamps)))
    span = source.end - source.start
    gap = span // (len(stamps) - 1) if len(stamps) > 1 else SECOND
    period = (span + 1 + gap) / SECOND / rate
    for index, event in enumerate(events):
        turn, position = divmod(index, len(stamps))
        due = turn * period + (source.stamps[position] - source.start) / SECOND / rate
        assert event.due == pytest.approx(due, rel=1e-9, abs=1e-6)
        assert event.stamp == source.stamps[position]


@given(stamps, rates, st.floats(0.001, 0.01))
def test_clock_ticks_regularly_and_never_behind_a_message(stamps, rate, per_span):
    source = Stamps(stamps)
    hz = 1000 * per_span / max((source.end - source.start) / SECOND / rate, 1e-3)
    events = list(Playback(rate, clock_hz=hz).timeline(source))
    ticks = [e for e in events if e.message is None]
    assert [e.stamp for e in events] == sorted(e.stamp for e in events)
    assert events[0].message is None and events[0].due == 0
    for number, tick in enumerate(ticks):
        assert tick.due == pytest.approx(number / hz, rel=1e-6, abs=1e-6)


@given(stamps, st.floats(0, 10**4))
def test_stop_ends_it(stamps, seconds):
    clock = FakeTime(stop_after=seconds)
    play(Playback().timeline(Stamps(stamps)), clock.publish, clock, clock.now)
    assert all(at < seconds for at, _ in clock.published)


def test_start_duration_and_topics(make_bag):
    with open_source(make_bag(topics=(RAW, INFO))) as bag:
        events = list(Playback(start=0.25, duration=0.5).timeline(bag, [RAW]))
        first = BEGIN + PERIOD // 4 * 10
        assert [e.stamp for e in events] == [BEGIN + i * PERIOD for i in range(3, 8)]
        assert [e.due for e in events] == pytest.approx(
            [(e.stamp - first) / SECOND for e in events])
        assert len(list(Playback(start=1.1).timeline(bag))) == 2
        with pytest.raises(UserError, match='1.1 s long; nothing is left'):
            Playback(start=FRAMES * PERIOD).interval(bag)


@pytest.mark.parametrize('wrong', [
    {'rate': 0}, {'rate': -1}, {'rate': float('nan')}, {'rate': float('inf')}, {'start': -1},
    {'duration': 0}, {'clock_hz': 0}])
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        Playback(**wrong)


def test_real_time():
    begin = 1_000
    times = []
    source = Stamps([begin, begin + SECOND // 20, begin + SECOND // 10])
    late = play(Playback().timeline(source), times.append, threading.Event())
    assert len(times) == 3 and late < 1
