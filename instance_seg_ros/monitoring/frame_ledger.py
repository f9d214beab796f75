# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Accounting of frames."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FrameCounts:
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


class FrameLedger:
    """Counters of one camera's frames, consistent at every instant.

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
        """Count a received frame."""
        with self._lock:
            self._received += 1
            self._held += 1

    def publish(self) -> None:
        """Count a held frame as published."""
        with self._lock:
            self._release()
            self._published += 1

    def drop(self, reason: str) -> None:
        """Count a held frame as dropped, for a reason other than an error."""
        with self._lock:
            self._release()
            self._dropped[reason] += 1

    def fail(self, kind: str) -> None:
        """Count a held frame as failed, for an error of a kind."""
        with self._lock:
            self._release()
            self._failed[kind] += 1

    def counts(self) -> FrameCounts:
        """Return all counters at one instant."""
        with self._lock:
            return FrameCounts(self._received, self._published, self._held,
                          {reason: self._dropped[reason] for reason in
                           (*self.DROPS, *sorted(set(self._dropped) - set(self.DROPS)))},
                          dict(self._failed))

    def _release(self) -> None:
        if not self._held:
            raise RuntimeError('a frame is accounted for twice')
        self._held -= 1
