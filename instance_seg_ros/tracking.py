# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The same number for the same object from image to image.

Every instance that is known keeps the cells of a coarse grid it covered when it was last seen,
its box and its velocity. Moved on to the time of a new image, these are compared with what was
found there, and a linear assignment (Hungarian method) pairs them within each class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from .instances import Instance, InstanceMap
from .labels import INSTANCE_FACTOR
from .resemblance import Seen, apart, box_likeness, look, mask_overlap

_HIDDEN = 0.8
"""An object of which less of its width or height is seen than this share is partly hidden."""

_SHORTEST_S = 1e-3
"""A shorter time between two images tells nothing about speeds."""

_TWICE = [0, 1, 0, 1]
"""Of x, y: for both corners of a box."""


@dataclass
class _Tracks:
    """The objects that are followed (T of them), as they were when last seen."""

    ids: np.ndarray
    boxes: np.ndarray
    """Of the parts that were visible: x0, y0, x1, y1 in pixels, (T, 4)."""
    full: np.ndarray
    """Where the whole objects are thought to be, hidden parts included, (T, 4)."""
    velocity: np.ndarray
    """In pixels a second, (T, 2)."""
    last: np.ndarray
    """Time of the last image each was found in, in seconds."""
    cells: list
    embeddings: np.ndarray | None = None

    @classmethod
    def none(cls) -> _Tracks:
        return cls(np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, 2)),
                   np.zeros(0), [])

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(self, keep: np.ndarray) -> _Tracks:
        """Return those that a bool array (T,) marks."""
        if keep.all():
            return self
        return _Tracks(self.ids[keep], self.boxes[keep], self.full[keep], self.velocity[keep],
                       self.last[keep],
                       [c for c, kept in zip(self.cells, keep, strict=True) if kept],
                       None if self.embeddings is None else self.embeddings[keep])

    def update(self, mine: np.ndarray, theirs: np.ndarray, seen: Seen, now: float) -> None:
        """Take over where the instances `theirs` are for the tracks `mine`."""
        passed = now - self.last[mine, None]
        expected = self.full[mine] + (self.velocity[mine] * passed)[:, _TWICE]
        self.full[mine], moved = _anchored(expected, seen.boxes[theirs], seen.size)
        # The first measurement is all that is known; later ones are smoothed.
        timed = passed >= _SHORTEST_S
        gain = np.where(self.velocity[mine].any(1, keepdims=True), 0.5, 1.0) * timed
        self.velocity[mine] += gain * moved / np.where(timed, passed, 1)
        self.boxes[mine], self.last[mine] = seen.boxes[theirs], now
        for t, k in zip(mine.tolist(), theirs.tolist(), strict=True):
            self.cells[t] = seen.cells[k]
        if self.embeddings is not None and seen.embeddings is not None:
            self.embeddings[mine] = seen.embeddings[theirs]

    def begin(self, ids: np.ndarray, theirs: np.ndarray, seen: Seen, now: float) -> None:
        """Add tracks for the instances `theirs`."""
        if not len(ids) and len(self):
            return
        if seen.embeddings is not None and (self.embeddings is not None or not len(self)):
            new = seen.embeddings[theirs]
            self.embeddings = np.concatenate((self.embeddings, new)) if len(self) else new
        else:
            self.embeddings = None
        self.ids = np.concatenate((self.ids, ids))
        self.boxes = np.concatenate((self.boxes, seen.boxes[theirs]))
        self.full = np.concatenate((self.full, seen.boxes[theirs]))
        self.velocity = np.concatenate((self.velocity, np.zeros((len(ids), 2))))
        self.last = np.concatenate((self.last, np.full(len(ids), now)))
        self.cells = self.cells + [seen.cells[k] for k in theirs]


def _anchored(expected: np.ndarray, visible: np.ndarray,
              size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay whole boxes to visible ones; return them (M, 4) and how far they moved (M, 2).

    Moved, that is, from where they were expected. Usually the visible box is the whole one, and
    centres tell the motion. Where much of the extent is missing, something (or the image's
    border) hides an edge, and the edge that is nearer to where it was expected tells.
    """
    low, high = visible[:, :2] - expected[:, :2], visible[:, 2:] - expected[:, 2:]
    extent = expected[:, 2:] - expected[:, :2]
    hidden = visible[:, 2:] - visible[:, :2] < _HIDDEN * extent
    at_low, at_high = visible[:, :2] <= 0, visible[:, 2:] >= size
    low_counts = (np.abs(low) <= np.abs(high)) & ~at_low | at_high
    begin = np.where(low_counts, visible[:, :2], visible[:, 2:] - extent)
    whole = np.concatenate((begin, begin + extent), axis=1)
    moved = np.where(hidden, np.where(low_counts, low, high), (low + high) / 2)
    return np.where(hidden[:, _TWICE], whole, visible), moved


class Numbers:
    """Which numbers (0 to 999) of each class may be given to a new object.

    A number rests for `reuse_after` seconds after its last use. Only a class in which all
    numbers are in use or at rest gets the one that has rested longest.
    """

    def __init__(self, reuse_after: float) -> None:
        self._reuse_after = reuse_after
        self._last_use: dict[int, np.ndarray] = {}

    def use(self, ids: np.ndarray, now: float) -> None:
        """Note that these ids were seen."""
        for kind in set((ids // INSTANCE_FACTOR).tolist()):
            self._of(kind)[ids[ids // INSTANCE_FACTOR == kind] % INSTANCE_FACTOR] = now

    def new(self, label_id: int, now: float, held: np.ndarray) -> int:
        """Return the id of a new object; -1 when `held` are all the ids of the class."""
        rested = now - self._of(label_id)
        rested[held[held // INSTANCE_FACTOR == label_id] % INSTANCE_FACTOR] = -1
        # Nothing rests for longer than forever, so a fresh class begins at its lowest number.
        free = rested >= self._reuse_after
        number = int(free.argmax()) if free.any() else int(rested.argmax())
        return label_id * INSTANCE_FACTOR + number if rested[number] >= 0 else -1

    def _of(self, label_id: int) -> np.ndarray:
        return self._last_use.setdefault(label_id, np.full(INSTANCE_FACTOR, -np.inf))


class Tracker:
    """Follows the instances of one camera.

    max_age: seconds an object is waited for after it was last seen; short occlusions are
        bridged. 0: it must be in the very next image.
    reuse_after: seconds for which the number of a lost object is not given to another.
    min_affinity: least resemblance of what is taken for the same object, from 0 to 1.
    """

    grid_width = 160   # cells, about: enough to tell shapes apart, little enough to be quick

    def __init__(self, max_age: float = 1.0, reuse_after: float = 60.0,
                 min_affinity: float = 0.15) -> None:
        """Raise ValueError for a setting that is negative."""
        self.max_age, self.reuse_after = float(max_age), float(reuse_after)
        self.min_affinity = float(min_affinity)
        if not all(value >= 0 for value in vars(self).values()):
            raise ValueError('max_age, reuse_after and min_affinity must not be negative')
        self.reset()

    def reset(self) -> None:
        """Forget everything; numbers begin at 0 again."""
        self._tracks, self._numbers = _Tracks.none(), Numbers(self.reuse_after)
        self._before, self._now, self._shape = None, None, None

    def __call__(self, found: InstanceMap, stamp: float, in_place: bool = False) -> InstanceMap:
        """Return the same map with the numbers its objects had before.

        stamp: time of the image in seconds; when it jumps back, or when the image's size
        changes, everything is forgotten. The instances' embeddings count where they have any.
        in_place: write into the mask of `found`, which is of no use afterwards, not into a copy.
        """
        shape = found.instance_mask.shape
        if self._now is not None and (stamp < self._now or shape != self._shape):
            self.reset()
        last = self._tracks.last
        self._tracks = self._tracks.chosen((last == self._now) | (stamp - last <= self.max_age))
        self._before, self._now, self._shape = self._now, stamp, shape
        seen = look(found, max(1, shape[1] // self.grid_width))
        ids = np.full(len(seen.kinds), -1, np.int64)
        mine, theirs = self._pairs(seen)
        ids[theirs] = self._tracks.ids[mine]
        self._tracks.update(mine, theirs, seen, stamp)
        self._begin_new(ids, seen)
        self._numbers.use(ids, stamp)
        return _renumbered(found, ids.tolist(), in_place)

    def _pairs(self, seen: Seen) -> tuple[np.ndarray, np.ndarray]:
        """Return which tracks are which instances."""
        if not len(self._tracks) or not len(seen.kinds):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        affinity = self._affinity(seen)
        # What is out of the question counts as 0, so it can never outweigh a real resemblance.
        affinity[affinity < self.min_affinity] = 0
        mine, theirs = linear_sum_assignment(affinity, maximize=True)
        good = affinity[mine, theirs] > 0
        return mine[good], theirs[good]

    def _affinity(self, seen: Seen) -> np.ndarray:
        """Return how much each track resembles each instance, 0 to 1, (T, M)."""
        tracks, ages = self._tracks, self._now - self._tracks.last
        shift = tracks.velocity * ages[:, None]
        # What comes out from behind something shows only a part of itself.
        waiting = (tracks.last < self._before)[:, None]
        boxes = np.where(waiting, tracks.full, tracks.boxes) + shift[:, _TWICE]
        step = max(1, self._shape[1] // self.grid_width)
        overlap = mask_overlap(tracks.cells, np.rint(shift / step).astype(np.int64), seen)
        affinity = (overlap + box_likeness(boxes, seen.boxes, waiting)) / 3
        if seen.embeddings is not None and tracks.embeddings is not None:
            distance = apart(tracks.embeddings, seen.embeddings)
            affinity *= 1 - np.minimum(distance / 2, 1) / 2
        affinity *= 1 - 0.3 * np.minimum(ages / max(self.max_age, 1e-9), 1)[:, None]
        return np.where((tracks.ids // INSTANCE_FACTOR)[:, None] == seen.kinds, affinity, 0)

    def _begin_new(self, ids: np.ndarray, seen: Seen) -> None:
        """Give numbers where `ids` has -1, and follow those objects from now on."""
        new = np.flatnonzero(ids < 0)
        for k in new:
            kind = seen.kinds[k]
            held = np.concatenate((self._tracks.ids, ids[ids >= 0]))
            ids[k] = self._numbers.new(kind, self._now, held)
            if ids[k] < 0:   # all are held: an object that is waited for gives way
                ids[k] = self._drop_oldest(kind)
        self._tracks.begin(ids[new], new, seen, self._now)

    def _drop_oldest(self, label_id: int) -> int:
        """Stop following the object of a class that was out of sight longest; return its id."""
        of_class = np.flatnonzero(self._tracks.ids // INSTANCE_FACTOR == label_id)
        oldest = of_class[self._tracks.last[of_class].argmin()]
        freed = int(self._tracks.ids[oldest])
        self._tracks = self._tracks.chosen(np.arange(len(self._tracks)) != oldest)
        return freed


def _renumbered(found: InstanceMap, ids: list[int], in_place: bool) -> InstanceMap:
    """Return the map with other ids, in the order of its instances; masks agree with records."""
    mask = found.instance_mask if in_place else found.instance_mask.copy()
    pixels = []     # of all, before the first is written: it may get the id of another
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
