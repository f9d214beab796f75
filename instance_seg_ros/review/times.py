# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Times of frames: header stamps, or recording times if the stamps are unusable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..bags.images import NANOSECONDS

LEAP_NS = 3600 * NANOSECONDS
"""From one stamp to the next; where it is more, a clock was set or a stamp was left at zero."""


class FrameTimes:
    """Puts the frames of a camera on one axis of time, in nanoseconds.

    `of_recording`: the times are those of the recording, because the stamps are unusable;
    `ambiguous` counts the frames whose stamp others have too.

    Args:
        frames: stamp of the header and time of recording of each, as they were recorded.
        shared: stamps that several images have, so that they do not identify a frame.
    """

    def __init__(self, frames: Sequence[tuple[int, int]] = (),
                 shared: Iterable[int] = ()) -> None:
        self.shared = frozenset(shared)
        self.of_recording = bool(self.shared) or leaps(stamp for stamp, _ in frames)
        self.ambiguous = sum(stamp in self.shared for stamp, _ in frames)
        self._recorded = dict(frames)

    def __call__(self, stamp: int, recorded: int) -> int:
        """Return the time of the frame of a message, from its header and its recording."""
        if not self.of_recording:
            return stamp
        return recorded if stamp in self.shared else self._recorded.get(stamp, recorded)


def leaps(stamps: Iterable[int]) -> bool:
    """Whether more than an hour lies between a stamp and the next one."""
    return any(abs(after - before) > LEAP_NS for before, after in pairwise(stamps))


def repeated(stamps: Iterable[int]) -> set[int]:
    """Return the stamps that come more than once."""
    return {stamp for stamp, count in Counter(stamps).items() if count > 1}


def as_recorded(messages: Iterable[tuple]) -> list[tuple]:
    """Sort (stamp, time of recording, ...) by the latter; equal ones get a nanosecond apart."""
    last, ordered = float('-inf'), []
    for stamp, recorded, *content in sorted(messages, key=lambda message: message[1]):
        last = max(last + 1, recorded)
        ordered.append((stamp, last, *content))
    return ordered
