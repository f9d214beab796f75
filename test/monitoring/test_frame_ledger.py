# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Counters which add up at every instant, whoever looks when."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.monitoring.frame_ledger import Ledger, Rate, RateLimit, Timings


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@given(st.lists(st.sampled_from(('receive', 'publish', 'drop a', 'drop superseded', 'fail b'))))
def test_any_sequence_of_events_balances(events):
    ledger, received, ended = Ledger(), 0, 0
    for event in events:
        action, _, reason = event.partition(' ')
        if action != 'receive' and received == ended:
            with pytest.raises(RuntimeError):
                getattr(ledger, action)(*([reason] if reason else []))
        else:
            getattr(ledger, action)(*([reason] if reason else []))
            received += action == 'receive'
            ended += action != 'receive'
        counts = ledger.counts()
        assert counts.balanced
        assert (counts.received, counts.held) == (received, received - ended)
    assert list(ledger.counts().dropped)[:5] == list(Ledger.DROPS)


def test_threads_never_see_an_unbalanced_ledger():
    ledger, done, seen = Ledger(), threading.Event(), []

    def look():
        while not done.is_set():
            seen.append(ledger.counts().balanced)

    def work(end):
        for _ in range(2000):
            ledger.receive()
            end()

    looker = threading.Thread(target=look)
    workers = [threading.Thread(target=work, args=[end]) for end in
               (ledger.publish, lambda: ledger.drop('x'), lambda: ledger.fail('y'))]
    for thread in (looker, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    looker.join()
    counts = ledger.counts()
    assert all(seen) and counts.held == 0 and counts.received == 6000
    assert (counts.published, counts.dropped['x'], counts.failed['y']) == (2000, 2000, 2000)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=500))
def test_percentiles_are_those_of_the_latest_frames(values):
    timings = Timings(window=100)
    for value in values:
        timings.add({'network': value, 'decode': 1.0})
    result = timings.percentiles()
    assert list(result) == ['network', 'decode']
    assert np.allclose(result['network'], np.percentile(values[-100:], (50, 95, 99)))


@given(st.floats(0.5, 100))
def test_rate_is_that_of_regular_events_and_fades(hz):
    clock = Clock()
    rate = Rate(window_s=5.0, clock=clock)
    assert rate.hz() == 0
    for _ in range(int(10 * hz) + 2):
        clock.now += 1 / hz
        rate.tick()
    assert rate.hz() == pytest.approx(hz, rel=1e-6)
    clock.now += 6
    assert rate.hz() == 0


@given(st.floats(1, 60), st.floats(1, 60), st.integers(0, 2**32 - 1))
def test_the_limit_lets_through_what_it_should(source_hz, max_hz, seed):
    clock = Clock()
    limit, rng, passed = RateLimit(clock), np.random.default_rng(seed), []
    start, frames = clock.now, 400
    for n in range(frames):
        clock.now = start + (n + rng.uniform(-0.02, 0.02)) / source_hz
        if limit.allows(max_hz):
            passed.append(clock.now)
    seconds = frames / source_hz
    assert len(passed) <= seconds * max_hz * 1.02 + 2
    if source_hz <= max_hz:
        assert len(passed) == frames        # jitter alone drops nothing
    else:
        assert len(passed) >= min(frames / np.ceil(source_hz / max_hz), seconds * max_hz) * 0.9
    assert all(limit.allows(0) for _ in range(3))


def test_a_changed_limit_counts_at_once():
    clock = Clock()
    limit, passed = RateLimit(clock), []
    assert not all([limit.allows(0.01) for _ in range(3)])
    for _ in range(60):
        clock.now += 1 / 30
        passed.append(limit.allows(30))
    assert all(passed)


def test_a_pause_does_not_save_up_for_a_burst():
    clock = Clock()
    limit = RateLimit(clock)
    assert limit.allows(10)
    clock.now += 100
    passed = 0
    for _ in range(100):
        passed += limit.allows(10)
        clock.now += 0.001
    assert passed <= 2
