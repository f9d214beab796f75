# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What vehicles are made of: paint, glass, rubber and lamps; wheels."""

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .scene import LABEL_IDS

CAR = LABEL_IDS['car']
PAINT = Surface((1, 1, 1), 0, 0.75, 0.0, CAR, 1.0)
GLASS = Surface((0.13, 0.14, 0.155), 0, 1.4, 0.0, CAR)
TRIM = Surface((0.15, 0.15, 0.16), 0, 0.1, 0.0, CAR)
GAP = Surface((0.07, 0.07, 0.075), 0, 0.0, 0.0, CAR)
TYRE = Surface((0.12, 0.12, 0.125), 0, 0.05, 0.0, CAR)
RIM = Surface((0.55, 0.56, 0.58), 0, 0.6, 0.0, CAR)
LIGHT = Surface((0.82, 0.84, 0.86), 0, 1.2, 0.25, CAR)
RED = Surface((0.62, 0.05, 0.05), 0, 0.9, 0.5, CAR)
PLATE = Surface((0.85, 0.85, 0.8), 0, 0.2, 0.1, CAR)


def mirrored(mesh):
    """Return the mesh with left and right swapped."""
    return shapes.transform(mesh, np.diag([-1.0, 1, 1]))


def box(size, center, surface):
    """Make a box of a surface."""
    return shapes.dress(shapes.box(size, center), surface)


def wheel(radius, width, x, y, tyre=TYRE, rim=RIM):
    """Make one wheel whose outer face is at x, on the ground at y."""
    inner = x - np.sign(x) * width
    meshes = [shapes.dress(shapes.tube((inner, y, radius), (x, y, radius), radius, sides=16,
                                       caps=True), tyre)]
    face = x + np.sign(x) * 0.008
    meshes.append(shapes.dress(shapes.tube((x, y, radius), (face, y, radius), radius * 0.64,
                                           radius * 0.58, 12, caps=True), rim))
    meshes.append(shapes.dress(shapes.tube((x, y, radius), (face + np.sign(x) * .01, y, radius),
                                           radius * 0.18, sides=8, caps=True), tyre))
    return shapes.merge(meshes)
