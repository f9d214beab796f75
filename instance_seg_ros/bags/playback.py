# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When each message of a bag is due, and waiting for it without drifting."""

import heapq
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from ..core.errors import UserError
from .images import NANOSECONDS
from .sources import Source
from .topics import Message


class Event(NamedTuple):
    """Something to publish, `due` seconds after playing began."""

    due: float
    stamp: int
    """Time in the bag, in nanoseconds."""
    message: Message | None
    """None for a tick of the clock."""


@dataclass(frozen=True)
class Playback:
    """Which part of a source is played, and how fast."""

    rate: float = 1.0
    start: float = 0.0
    """Seconds into the bag."""
    duration: float | None = None
    """Seconds of the bag; None for all that follows."""
    loop: bool = False
    clock_hz: float | None = None
    """Ticks of the clock a second; None for no clock."""

    def __post_init__(self) -> None:
        for name in ('rate', 'duration', 'clock_hz'):
            value = getattr(self, name)
            if value is not None and not 0 < value < float('inf'):
                raise UserError(f'{name} must be a number above 0, not {value}.')
        if not 0 <= self.start < float('inf'):
            raise UserError(f'start must be 0 or more seconds, not {self.start}.')

    def interval(self, source: Source) -> tuple[int, int]:
        """Return the half-open interval of bag times that is played, in nanoseconds."""
        first = source.start + round(self.start * NANOSECONDS)
        last = source.end + 1
        if self.duration is not None:
            last = min(last, first + round(self.duration * NANOSECONDS))
        if first >= last:
            length = (source.end - source.start) / NANOSECONDS
            raise UserError(f'{source.path} is {length:.1f} s long; nothing is left of it after '
                            f'{self.start:g} s.')
        return first, last

    def timeline(self, source: Source, topics: Collection[str] | None = None) -> Iterator[Event]:
        """Yield what is due, in order; without end when looping.

        Due times come from bag times alone, never from the event before, so that no error adds
        up however long the bag is played.
        """
        first, last = self.interval(source)
        period = last - first
        if self.duration is None:
            period += _mean_interval(source, topics)
        for turn in count() if self.loop else (0,):
            messages = ((m.stamp, 0, m) for m in source.messages(topics, first, last))
            events = heapq.merge(self._ticks(first, last), messages, key=lambda e: e[:2])
            for stamp, _, message in events:
                due = (turn * period + stamp - first) / (self.rate * NANOSECONDS)
                yield Event(due, stamp, message)

    def _ticks(self, first: int, last: int) -> Iterator[tuple[int, int, None]]:
        """Yield clock ticks; those at a message's time come before it."""
        if self.clock_hz is None:
            return
        step = self.rate * NANOSECONDS / self.clock_hz
        for number in count():
            stamp = first + round(number * step)
            if stamp >= last:
                return
            yield stamp, -1, None


def play(events: Iterable[Event], publish: Callable[[Event], None], stop: threading.Event,
         now: Callable[[], float] = time.monotonic) -> float:
    """Publish each event when it is due, a late one at once, until ``stop`` is set.

    Returns:
        the greatest lateness in seconds.
    """
    begin, lateness = None, 0.0
    for event in events:
        if begin is None:  # the first message has been read by now: that does not count as late
            begin = now() - event.due
        wait = begin + event.due - now()
        if stop.wait(max(wait, 0)):
            break
        lateness = max(lateness, now() - begin - event.due)
        publish(event)
    return lateness


def _mean_interval(source: Source, topics: Collection[str] | None) -> int:
    """Return the time between messages of the busiest topic: the pause before the next loop."""
    busiest = max((t.count for t in source.topics if topics is None or t.name in topics),
                  default=0)
    return (source.end - source.start) // (busiest - 1) if busiest > 1 else NANOSECONDS
