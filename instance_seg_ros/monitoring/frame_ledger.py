# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What became of every frame, how long it took, and how often frames come: no ROS in here."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Counts:
    """The state of a ledger at one instant."""

    received: int = 0
    published: int = 0
    held: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether received = published + dropped + failed + held."""
        return self.received == (self.published + self.held
                                 + sum(self.dropped.values()) + sum(self.failed.values()))


class Ledger:
    """
    Double-entry bookkeeping of one camera's frames: nothing gets lost.

    A frame is received once and then held until exactly one of ``publish``, ``drop`` or ``fail``
    accounts for it, so that received = published + dropped + failed + held at every instant.
    """

    DROPS = ('superseded', 'too_old', 'rate_limited', 'disabled', 'deactivated')

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = self._published = self._held = 0
        self._dropped: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def receive(self) -> None:
        """Count a frame in."""
        with self._lock:
            self._received += 1
            self._held += 1

    def publish(self) -> None:
        """Count a held frame as published."""
        with self._lock:
            self._release()
            self._published += 1

    def drop(self, reason: str) -> None:
        """Count a held frame as dropped: it could have been processed, but should not be."""
        with self._lock:
            self._release()
            self._dropped[reason] += 1

    def fail(self, kind: str) -> None:
        """Count a held frame as failed: it could not be processed."""
        with self._lock:
            self._release()
            self._failed[kind] += 1

    def counts(self) -> Counts:
        """Return all counters of the same instant."""
        with self._lock:
            return Counts(self._received, self._published, self._held,
                          {reason: self._dropped[reason] for reason in
                           (*self.DROPS, *sorted(set(self._dropped) - set(self.DROPS)))},
                          dict(self._failed))

    def _release(self) -> None:
        if not self._held:
            raise RuntimeError('a frame is accounted for twice')
        self._held -= 1


class Timings:
    """Milliseconds of each stage for the latest frames, as percentiles."""

    PERCENTILES = (50, 95, 99)

    def __init__(self, window: int = 300) -> None:
        self._lock = threading.Lock()
        self._window = window
        self._stages: dict[str, deque[float]] = {}

    def add(self, stages_ms: dict[str, float]) -> None:
        """Take in the times of one frame."""
        with self._lock:
            for stage, milliseconds in stages_ms.items():
                self._stages.setdefault(stage, deque(maxlen=self._window)).append(milliseconds)

    def percentiles(self) -> dict[str, tuple[float, ...]]:
        """Return {stage: (p50, p95, p99)} in milliseconds, in the order of the stages."""
        with self._lock:
            stages = {stage: list(values) for stage, values in self._stages.items()}
        return {stage: tuple(np.percentile(values, self.PERCENTILES).tolist())
                for stage, values in stages.items()}


class Rate:
    """Events per second over the last ``window_s`` seconds."""

    def __init__(self, window_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s, self._clock = window_s, clock
        self._times: deque[float] = deque(maxlen=2000)
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Take in an event that happens now."""
        with self._lock:
            self._times.append(self._clock())

    def hz(self) -> float:
        """Return the rate, 0 with fewer than two events in the window."""
        with self._lock:
            start = self._clock() - self._window_s
            while self._times and self._times[0] < start:
                self._times.popleft()
            times = self._times
            span = times[-1] - times[0] if len(times) > 1 else 0.0
            return (len(times) - 1) / span if span > 0 else 0.0


class RateLimit:
    """Lets at most ``max_hz`` events a second through; jitter does not halve the rate."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._max_hz, self._due = 0.0, float('-inf')

    def allows(self, max_hz: float) -> bool:
        """Return whether an event that happens now may pass; 0 Hz means without a limit."""
        if max_hz != self._max_hz:      # what was due at the old rate does not bind the new one
            self._max_hz, self._due = max_hz, float('-inf')
        if max_hz <= 0:
            return True
        now, period = self._clock(), 1.0 / max_hz
        if now < self._due - 0.1 * period:
            return False
        self._due = max(self._due, now - 0.9 * period) + period
        return True
