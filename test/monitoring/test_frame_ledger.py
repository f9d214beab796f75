# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Counters which add up at every instant, whoever looks when."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.monitoring.frame_ledger import FrameLedger


@given(st.lists(st.sampled_from(('receive', 'publish', 'drop a', 'drop superseded', 'fail b'))))
def test_any_sequence_of_events_balances(events):
    ledger, received, ended = FrameLedger(), 0, 0
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
    assert list(ledger.counts().dropped)[:5] == list(FrameLedger.DROPS)


def test_threads_never_see_an_unbalanced_ledger():
    ledger, done, seen = FrameLedger(), threading.Event(), []

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
