# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and the transforms between them over time, for bags: what tf2 does for a node."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from .rigid_transform import RigidTransform, quaternion_of
from .scan_source import MissingTransform

_KEPT_NS = 10_000_000_000


class FrameTree:
    """Transforms of each frame to its parent: constant ones, and others by their stamps."""

    def __init__(self) -> None:
        self._static: dict[str, tuple[str, RigidTransform]] = {}
        self._moving: dict[str, tuple[str, list[int], list[RigidTransform]]] = {}

    def add(self, parent: str, child: str, parent_from_child: RigidTransform,
            stamp_ns: int | None = None) -> None:
        """Add a transform; without a stamp it is constant. Stamps come in ascending order."""
        if stamp_ns is None:
            self._static[child] = parent, parent_from_child
            return
        known, stamps, transforms = self._moving.get(child, ('', [], []))
        if known != parent or (stamps and stamp_ns < stamps[-1]):
            stamps, transforms = [], []
        stamps.append(stamp_ns)
        transforms.append(parent_from_child)
        while stamp_ns - stamps[0] > _KEPT_NS:
            del stamps[0], transforms[0]
        self._moving[child] = parent, stamps, transforms

    def between(self, target: str, target_ns: int, source: str, source_ns: int,
                fixed_frame: str = '') -> RigidTransform:
        """Return the transform to `target` from `source`, each at its own time.

        Where `fixed_frame` is not known, or '', both are taken at the time of the source.

        Raises:
            MissingTransform: with the names and the reason.
        """
        if not fixed_frame or fixed_frame not in self._chain(target):
            return self._at(target, source, source_ns)
        return (self._at(target, fixed_frame, target_ns)
                @ self._at(fixed_frame, source, source_ns))

    def _at(self, target: str, source: str, stamp_ns: int) -> RigidTransform:
        above_target, above_source = self._chain(target), self._chain(source)
        common = next((frame for frame in above_source if frame in above_target), None)
        if common is None:
            raise MissingTransform(f'{target} from {source}: they are not connected')
        return (self._upwards(target, common, stamp_ns).inverse()
                @ self._upwards(source, common, stamp_ns))

    def _chain(self, frame: str) -> list[str]:
        """Return a frame and all above it."""
        chain = [frame]
        while (parent := self._parent(chain[-1])) and parent not in chain:
            chain.append(parent)
        return chain

    def _parent(self, frame: str) -> str:
        return (self._static.get(frame) or self._moving.get(frame) or ('',))[0]

    def _upwards(self, frame: str, to: str, stamp_ns: int) -> RigidTransform:
        result = RigidTransform.identity()
        while frame != to:
            if frame in self._static:
                frame, transform = self._static[frame]
            else:
                child, (frame, stamps, transforms) = frame, self._moving[frame]
                transform = _interpolated(child, stamps, transforms, stamp_ns)
            result = transform @ result
        return result


def _interpolated(child: str, stamps: list[int], transforms: list[RigidTransform],
                  stamp_ns: int) -> RigidTransform:
    """Return a moving transform at a time between two of its stamps."""
    if not stamps[0] <= stamp_ns <= stamps[-1]:
        late_s = (stamp_ns - stamps[-1]) / 1e9
        raise MissingTransform(f'{child}: the stamp is outside its transforms, {late_s:.3f} s '
                               'after the last one')
    after = min(bisect_right(stamps, stamp_ns), len(stamps) - 1)
    before = max(after - 1, 0)
    span = stamps[after] - stamps[before]
    share = (stamp_ns - stamps[before]) / span if span else 0.0
    a, b = transforms[before], transforms[after]
    p, q = (np.array(quaternion_of(t.rotation)) for t in (a, b))
    # Between neighbours in time the chord of the quaternions is as good as the arc.
    mixed = (1 - share) * p + share * (q if p @ q >= 0 else -q)
    return RigidTransform.from_quaternion(
        (1 - share) * a.translation + share * b.translation, mixed)
