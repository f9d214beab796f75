# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The road's course, and the strips of ground along it.

Places are given as (s, t, h): s metres forward along y, t metres to the right of the road's
centre line, h metres above the road. The course shifts sideways and up as functions of s, so
that strips never fold, however far from the road they are.
"""

import numpy as np

from . import mesh as shapes

START, END, STEP = -60.0, 420.0, 2.0


class Course:
    """The centre line: sideways shift and height as smooth functions of s."""

    def __init__(self, rng, curve=1.0, slope=1.0):
        s = np.arange(START, END + STEP, STEP)
        bend = np.zeros_like(s)
        for _ in range(rng.integers(0, 3)):
            middle, wide = rng.uniform(15, 160), rng.uniform(12, 40)
            turn = rng.normal(0, 0.3) * curve
            bend += turn / (1 + np.exp(-(s - middle) / wide * 4))
        bend -= np.interp(0.0, s, bend)
        grade = rng.normal(0, 0.012) * slope + rng.normal(0, 0.02) * slope * np.tanh(
            (s - rng.uniform(20, 120)) / rng.uniform(20, 60))
        self.s, self.bend, self.grade = s, np.clip(bend, -0.85, 0.85), grade
        self.x = np.cumsum(np.tan(self.bend)) * STEP
        self.z = np.cumsum(self.grade) * STEP
        self.x -= np.interp(0.0, s, self.x)
        self.z -= np.interp(0.0, s, self.z)

    def angle(self, s):
        """Return the heading at s, radians counter-clockwise from +y."""
        return -np.interp(s, self.s, self.bend)

    def slope(self, s):
        """Return the climb at s, radians."""
        return np.arctan(np.interp(s, self.s, self.grade))

    def place(self, s, t, h=0.0):
        """Return (..., 3) positions."""
        s, t, h = np.broadcast_arrays(np.asarray(s, float), t, h)
        x = np.interp(s, self.s, self.x) + t / np.cos(np.interp(s, self.s, self.bend))
        return np.stack([x, s, np.interp(s, self.s, self.z) + h], -1)

    def strip(self, t0, t1, h, surface, tile, s0=START, s1=END, step=4.0, h1=None):
        """Make a strip of ground from t0 (left) to t1 at heights h and h1."""
        count = max(2, int(np.ceil((s1 - s0) / step)) + 1)
        s = np.linspace(s0, s1, count)
        left = self.place(s, t0, h)
        right = self.place(s, t1, h if h1 is None else h1)
        width = max(abs(t1 - t0), abs((h if h1 is None else h1) - h))
        texcoords = np.stack([np.stack([np.full(count, u), s / tile], -1)
                              for u in (t0 / tile, (t0 + width) / tile)], 1)
        return shapes.dress(shapes.grid(np.stack([left, right], 1), texcoords), surface)

    def turn(self, mesh, s, t, h=0.0, heading=0.0):
        """Move a mesh to a place, turned with the road."""
        return shapes.move(mesh, self.place(s, t, h), self.angle(s) + heading)
