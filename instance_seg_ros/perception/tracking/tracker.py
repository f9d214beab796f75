# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Multi-object tracking: the same id for the same object from image to image.

A track keeps the cells of a coarse grid that its object covered when last seen, its box and its
velocity. Predicted to the time of a new image, these are compared with the detections there, and
a linear assignment (Hungarian method) associates them within each class.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...core.instances import Instance, InstanceMap
from ...core.labels import INSTANCE_FACTOR
from .affinity import (
    Detections,
    box_affinity,
    embedding_distance,
    mask_overlap,
    rasterise,
)
from .tracks import BOTH_CORNERS, Tracks


class TrackNumbers:
    """Numbers (0 to 999) of each class that are free for new tracks.

    A number rests for `reuse_after` seconds after its last use. Only a class in which all
    numbers are in use or resting gets the one that has rested longest.
    """

    def __init__(self, reuse_after: float) -> None:
        self._reuse_after = reuse_after
        self._last_use: dict[int, np.ndarray] = {}

    def use(self, ids: np.ndarray, now: float) -> None:
        """Mark ids as used now."""
        for kind in set((ids // INSTANCE_FACTOR).tolist()):
            self._of(kind)[ids[ids // INSTANCE_FACTOR == kind] % INSTANCE_FACTOR] = now

    def new(self, label_id: int, now: float, held: np.ndarray) -> int:
        """Return the id of a new track; -1 when all ids of the class are in `held`."""
        rested = now - self._of(label_id)
        rested[held[held // INSTANCE_FACTOR == label_id] % INSTANCE_FACTOR] = -1
        # Unused numbers have rested for an infinite time, so a class begins at its lowest number.
        free = rested >= self._reuse_after
        number = int(free.argmax()) if free.any() else int(rested.argmax())
        return label_id * INSTANCE_FACTOR + number if rested[number] >= 0 else -1

    def _of(self, label_id: int) -> np.ndarray:
        return self._last_use.setdefault(label_id, np.full(INSTANCE_FACTOR, -np.inf))


class Tracker:
    """Tracks the instances of one camera.

    Args:
        max_age: seconds a lost track is kept, which bridges short occlusions; 0: an object must
            be in the very next image.
        reuse_after: minimum time in seconds before the number of a lost track is reused.
        min_affinity: minimum affinity of a match, 0 to 1.

    Raises:
        ValueError: for a negative argument.
    """

    grid_width = 160   # approximate number of cells: distinguishes shapes and stays fast

    def __init__(self, max_age: float = 1.0, reuse_after: float = 60.0,
                 min_affinity: float = 0.15) -> None:
        """Start without tracks."""
        self.max_age, self.reuse_after = float(max_age), float(reuse_after)
        self.min_affinity = float(min_affinity)
        if not all(value >= 0 for value in vars(self).values()):
            raise ValueError('max_age, reuse_after and min_affinity must not be negative')
        self.reset()

    def reset(self) -> None:
        """Reset the tracker; numbers begin at 0 again."""
        self._tracks, self._numbers = Tracks.none(), TrackNumbers(self.reuse_after)
        self._before = self._now = -math.inf
        self._shape: tuple[int, ...] = ()       # of no image yet

    def __call__(self, found: InstanceMap, stamp: float, in_place: bool = False) -> InstanceMap:
        """Give the instances of an image the ids of their tracks.

        Embeddings contribute to the affinity where instances have them.

        Args:
            found: masks (H, W) and instances.
            stamp: time of the image in seconds; the tracker is reset when it jumps back, or when
                the size of the image changes.
            in_place: write into the mask of `found`, which is invalid afterwards, not into a copy.

        Returns:
            The map with other ids.
        """
        shape = found.instance_mask.shape
        if stamp < self._now or (self._shape and shape != self._shape):
            self.reset()
        last = self._tracks.last
        self._tracks = self._tracks.chosen((last == self._now) | (stamp - last <= self.max_age))
        self._before, self._now, self._shape = self._now, stamp, shape
        seen = rasterise(found, max(1, shape[1] // self.grid_width))
        ids = np.full(len(seen.kinds), -1, np.int64)
        mine, theirs = self._pairs(seen)
        ids[theirs] = self._tracks.ids[mine]
        self._tracks.update(mine, theirs, seen, stamp)
        self._begin_new(ids, seen)
        self._numbers.use(ids, stamp)
        return _renumbered(found, ids.tolist(), in_place)

    def _pairs(self, seen: Detections) -> tuple[np.ndarray, np.ndarray]:
        """Return the matched tracks and instances."""
        if not len(self._tracks) or not len(seen.kinds):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        affinity = self._affinity(seen)
        # Affinities below the minimum count as 0, so that they never outweigh a real match.
        affinity[affinity < self.min_affinity] = 0
        mine, theirs = linear_sum_assignment(affinity, maximize=True)
        good = affinity[mine, theirs] > 0
        return mine[good], theirs[good]

    def _affinity(self, seen: Detections) -> np.ndarray:
        """Return the affinity of each track and each instance, 0 to 1, (T, M)."""
        tracks, ages = self._tracks, self._now - self._tracks.last
        shift = tracks.velocity * ages[:, None]
        # An object that reappears from an occlusion is only partly visible at first.
        waiting = (tracks.last < self._before)[:, None]
        boxes = np.where(waiting, tracks.full, tracks.boxes) + shift[:, BOTH_CORNERS]
        step = max(1, self._shape[1] // self.grid_width)
        overlap = mask_overlap(tracks.cells, np.rint(shift / step).astype(np.int64), seen)
        affinity = (overlap + box_affinity(boxes, seen.boxes, waiting)) / 3
        if seen.embeddings is not None and tracks.embeddings is not None:
            distance = embedding_distance(tracks.embeddings, seen.embeddings)
            affinity *= 1 - np.minimum(distance / 2, 1) / 2
        affinity *= 1 - 0.3 * np.minimum(ages / max(self.max_age, 1e-9), 1)[:, None]
        return np.where((tracks.ids // INSTANCE_FACTOR)[:, None] == seen.kinds, affinity, 0)

    def _begin_new(self, ids: np.ndarray, seen: Detections) -> None:
        """Start tracks where `ids` is -1, and set their ids."""
        new = np.flatnonzero(ids < 0)
        for k in new:
            kind = seen.kinds[k]
            held = np.concatenate((self._tracks.ids, ids[ids >= 0]))
            ids[k] = self._numbers.new(kind, self._now, held)
            if ids[k] < 0:   # all are in use: the oldest lost track is dropped
                ids[k] = self._drop_oldest(kind)
        self._tracks.begin(ids[new], new, seen, self._now)

    def _drop_oldest(self, label_id: int) -> int:
        """Drop the track of a class that has been lost longest; return its id."""
        of_class = np.flatnonzero(self._tracks.ids // INSTANCE_FACTOR == label_id)
        oldest = of_class[self._tracks.last[of_class].argmin()]
        freed = int(self._tracks.ids[oldest])
        self._tracks = self._tracks.chosen(np.arange(len(self._tracks)) != oldest)
        return freed


def _renumbered(found: InstanceMap, ids: list[int], in_place: bool) -> InstanceMap:
    """Return the map with other ids, in the order of its instances; masks agree with records."""
    mask = found.instance_mask if in_place else found.instance_mask.copy()
    pixels = []     # of all, before any is written: a new id may be another's old one
    for instance, new in zip(found.instances, ids, strict=True):
        if new != instance.id:
            x0, y0, x1, y1 = instance.box
            part = mask[y0:y1, x0:x1]
            pixels.append((part, part == instance.id, new))
    for part, own, new in pixels:
        part[own] = new
    records = (Instance(new, i.label, i.label_id, i.score, i.box, i.area, i.embedding)
               for i, new in zip(found.instances, ids, strict=True))
    return replace(found, instance_mask=mask,
                   instances=tuple(sorted(records, key=lambda record: record.id)))
