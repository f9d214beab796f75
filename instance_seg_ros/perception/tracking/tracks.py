# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""State of tracked objects: boxes, velocities, masks and embeddings when last seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affinity import Detections

_HIDDEN = 0.8
"""An object is partly occluded when less than this share of its width or height is visible."""

_SHORTEST_S = 1e-3
"""A shorter time between two images gives no velocity."""

BOTH_CORNERS = [0, 1, 0, 1]
"""Indices of x, y for both corners of a box."""


@dataclass
class Tracks:
    """T tracked objects, as they were when last seen."""

    ids: np.ndarray
    boxes: np.ndarray
    """Of the parts that were visible: x0, y0, x1, y1 in pixels, (T, 4)."""
    full: np.ndarray
    """Estimated full (amodal) boxes, occluded parts included, (T, 4)."""
    velocity: np.ndarray
    """In pixels a second, (T, 2)."""
    last: np.ndarray
    """Time of the last image each was found in, in seconds."""
    cells: list
    embeddings: np.ndarray | None = None

    @classmethod
    def none(cls) -> Tracks:
        """Return an empty set of tracks."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, 2)),
                   np.zeros(0), [])

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(self, keep: np.ndarray) -> Tracks:
        """Return the tracks selected by a bool array (T,)."""
        if keep.all():
            return self
        return Tracks(self.ids[keep], self.boxes[keep], self.full[keep], self.velocity[keep],
                      self.last[keep],
                      [c for c, kept in zip(self.cells, keep, strict=True) if kept],
                      None if self.embeddings is None else self.embeddings[keep])

    def update(self, mine: np.ndarray, theirs: np.ndarray, seen: Detections, now: float) -> None:
        """Update the matched tracks `mine` from their detections `theirs`."""
        passed = now - self.last[mine, None]
        expected = self.full[mine] + (self.velocity[mine] * passed)[:, BOTH_CORNERS]
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

    def begin(self, ids: np.ndarray, theirs: np.ndarray, seen: Detections, now: float) -> None:
        """Start tracks for the detections `theirs`."""
        if not len(ids) and len(self):
            return
        new = None if seen.embeddings is None else seen.embeddings[theirs]
        if len(self) and new is not None:
            new = None if self.embeddings is None else np.concatenate((self.embeddings, new))
        self.embeddings = new
        self.ids = np.concatenate((self.ids, ids))
        self.boxes = np.concatenate((self.boxes, seen.boxes[theirs]))
        self.full = np.concatenate((self.full, seen.boxes[theirs]))
        self.velocity = np.concatenate((self.velocity, np.zeros((len(ids), 2))))
        self.last = np.concatenate((self.last, np.full(len(ids), now)))
        self.cells = self.cells + [seen.cells[k] for k in theirs]


def _anchored(expected: np.ndarray, visible: np.ndarray,
              size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Align full (amodal) boxes with the visible boxes; return them (M, 4), and the motion (M, 2).

    The motion is relative to the expected boxes. Usually the visible box is the full one, and the
    centres give the motion. Where much of the extent is missing, an edge is occluded or outside
    the image, and the edge closer to its expected position gives the motion.
    """
    low, high = visible[:, :2] - expected[:, :2], visible[:, 2:] - expected[:, 2:]
    extent = expected[:, 2:] - expected[:, :2]
    hidden = visible[:, 2:] - visible[:, :2] < _HIDDEN * extent
    at_low, at_high = visible[:, :2] <= 0, visible[:, 2:] >= size
    low_counts = (np.abs(low) <= np.abs(high)) & ~at_low | at_high
    begin = np.where(low_counts, visible[:, :2], visible[:, 2:] - extent)
    whole = np.concatenate((begin, begin + extent), axis=1)
    moved = np.where(hidden, np.where(low_counts, low, high), (low + high) / 2)
    return np.where(hidden[:, BOTH_CORNERS], whole, visible), moved
