# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Walls, hedges, railings and guard rails along a street, open at its junctions."""

import numpy as np

from . import mesh as shapes
from .ground import KERB
from .mesh import Surface
from .scene import LABEL_IDS

LABELS = {'hedge': 'vegetation', 'wall': 'wall', 'fence': 'fence'}


def barrier(rng, course, street, names, sign, t, height, stuff, kind, thick=0.25):
    """Return the meshes of a barrier at t metres from the centre line, on side `sign`.

    `stuff` is a layer of the texture bank, `kind` one of LABELS; a railing has no thickness.
    """
    railing = stuff == 'railing'
    shade = tuple(np.clip(rng.uniform(0.6, 1.0) * rng.uniform(.94, 1.06, 3), 0, 1))
    surface = Surface(shade, names[stuff], -0.01 if railing else 0.0, 0.0,
                      LABEL_IDS[LABELS[kind]])
    tile, top, meshes = height if railing else 2.5, KERB + height, []
    for s0, s1 in street.stretches():
        s0, s1 = max(s0, -20), min(s1, 150)
        if s1 - s0 < 3:
            continue
        for shift in (0.0,) if railing else (0.0, thick):
            place = sign * (t + shift)
            meshes.append(course.strip(place, place, KERB, surface, tile, s0, s1, h1=top))
        if not railing:
            inner, outer = sorted((sign * t, sign * (t + thick)))
            meshes.append(course.strip(inner, outer, top, surface, tile, s0, s1))
    return meshes


def guard_rail(course, street, sign):
    """Return the meshes of a motorway's steel rail and its posts."""
    steel = Surface((0.6, 0.61, 0.62), 0, 0.3, 0.0, LABEL_IDS['fence'])
    t = sign * (street.kerb(sign) + 0.7)
    meshes = [course.strip(t, t, 0.45, steel, 1, -20, 160, h1=0.78)]
    for s in np.arange(-10, 90, 4.0):
        post = shapes.dress(shapes.box((0.1, 0.1, 0.7), (0, 0, 0.35)), steel)
        meshes.append(course.turn(post, s, t + sign * 0.08))
    return meshes
