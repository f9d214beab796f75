# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When a signal interrupts the node's main thread."""

import contextlib
import signal
from functools import partial
from operator import methodcaller

import pytest

pytest.importorskip('rclpy')

from instance_seg_ros.ros.process import Interruption  # noqa: E402

pytestmark = pytest.mark.ros


@pytest.fixture
def interruption():
    before = {number: signal.getsignal(number)
              for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield Interruption()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('number', (signal.SIGINT, signal.SIGTERM))
def test_a_handle_in_use_is_given_back(interruption, number):
    """ExitStack would forget a context that it has entered but not noted yet."""
    given_back = []

    class Handle:
        __enter__ = methodcaller('interrupt')       # in C, as those of rclpy
        interrupt = partial(signal.raise_signal, number)

        def __exit__(self, *_):
            given_back.append(self)

    interruption.allow(None)
    with pytest.raises(KeyboardInterrupt), contextlib.ExitStack() as stack:
        stack.enter_context(Handle())
        signal.sigtimedwait([], 10)
    assert len(given_back) == 1 and interruption.happened
