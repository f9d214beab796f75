# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a street, and its ground: carriageway, markings, kerbs, pavements, grass."""

from dataclasses import dataclass, field

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .road import END, START
from .scene import LABEL_IDS
from .textures import TILE

ROAD, PAVEMENT, TERRAIN = (LABEL_IDS[k] for k in ('road', 'sidewalk', 'terrain'))
KERB = 0.12


@dataclass
class Side:
    """One side of the road, from the carriageway outwards; metres."""

    parking: float = 0.0  # width of the parking lane, 0 for none
    across: bool = False  # cars parked side by side instead of in a row
    verge: float = 0.0
    pavement: float = 2.5
    garden: float = 0.0
    edge: str = 'town'  # what stands behind: town, cottages, trees, halls, wall, open


@dataclass
class Street:
    """The plan of a street; `hand` is 1 where traffic keeps right, -1 where it keeps left."""

    kind: str = 'town'
    hand: int = 1
    lanes: int = 1  # in each direction
    lane: float = 3.2
    median: float = 0.0
    left: Side = field(default_factory=Side)
    right: Side = field(default_factory=Side)
    junctions: list = field(default_factory=list)  # (s, half width)
    one_way: bool = False

    @property
    def half(self):
        """Half the width of the lanes."""
        return self.lanes * self.lane + self.median / 2

    def side(self, sign):
        """Return the side at t < 0 for -1, at t > 0 for 1."""
        return self.right if sign > 0 else self.left

    def kerb(self, sign):
        """Return the distance from the centre line to a side's kerb."""
        return self.half + self.side(sign).parking

    def front(self, sign):
        """Return the distance from the centre line to the front of the houses."""
        side = self.side(sign)
        return self.kerb(sign) + side.verge + side.pavement + side.garden

    def lane_centers(self):
        """Return [(t, way)] of the lanes; way 1 drives along +s."""
        lanes = []
        for i in range(self.lanes):
            t = self.median / 2 + (i + 0.5) * self.lane
            lanes += [(self.hand * t, 1), (-self.hand * t, 1 if self.one_way else -1)]
        return lanes

    def is_junction(self, s, reach=0.0):
        """Say whether s lies within a junction, or `reach` metres of it."""
        return any(abs(s - at) < half + reach for at, half in self.junctions)

    def stretches(self):
        """Return the [(s0, s1)] between junctions."""
        edges = [START] + [v for at, half in sorted(self.junctions)
                           for v in (at - half, at + half)] + [END]
        return list(zip(edges[::2], edges[1::2], strict=True))


def _stuff(names, layer, color, label, gloss=0.0):
    return Surface(color, names[layer], gloss, 0.0, label)


def _gray(rng, low, high, spread=0.03):
    return tuple(np.clip(rng.uniform(low, high) + rng.normal(0, spread, 3) * 0.5, 0, 1))


def make_ground(rng, course, street, names):
    """Return the meshes of the ground."""
    tarmac = str(rng.choice(['asphalt', 'asphalt_old']))
    gray = _gray(rng, 0.55, 0.95, 0.02)
    road = _stuff(names, tarmac, gray, ROAD)
    left, right = street.kerb(-1), street.kerb(1)
    meshes = [course.strip(-left, right, 0.0, road, TILE[tarmac])]
    if rng.random() < 0.4:  # a patched lane
        patch = _stuff(names, 'asphalt', tuple(np.array(gray) * rng.uniform(0.7, 1.2)), ROAD)
        t0 = rng.uniform(-street.half, street.half - 2)
        meshes.append(course.strip(t0, t0 + rng.uniform(0.8, 3), 0.004, patch, 6,
                                   rng.uniform(-5, 20), rng.uniform(25, 70)))
    for sign in (-1, 1):
        for s0, s1 in street.stretches():
            meshes += _roadside(rng, course, street, names, sign, s0, s1)
    for at, half in street.junctions:
        meshes += _crossing_road(rng, course, street, names, road, TILE[tarmac], at, half)
    meshes += _markings(rng, course, street, names)
    if street.median > 0.4:
        meshes += _median(rng, course, street, names)
    return meshes


def _ordered(course, sign, t0, t1, h, surface, tile, s0, s1, h1=None):
    a, b = (t0, t1) if sign > 0 else (-t1, -t0)
    ha, hb = (h, h if h1 is None else h1) if sign > 0 else (h if h1 is None else h1, h)
    return course.strip(a, b, ha, surface, tile, s0, s1, h1=hb)


def _roadside(rng, course, street, names, sign, s0, s1):
    side, t = street.side(sign), street.kerb(sign)
    local = np.random.default_rng([int(1e6 * abs(street.lane)), sign + 1])
    paving = str(local.choice(['slabs', 'concrete', 'asphalt', 'cobbles'], p=[.4, .3, .2, .1]))
    shade = _gray(local, 0.65, 1.0)
    meshes = []
    if side.pavement or side.verge:
        stone = _stuff(names, 'concrete', _gray(local, 0.7, 1.0), PAVEMENT)
        meshes.append(_ordered(course, sign, t, t + 0.03, 0, stone, 5, s0, s1, KERB))
        meshes.append(_ordered(course, sign, t + 0.03, t + 0.2, KERB, stone, 5, s0, s1))
        t += 0.2
    grass = _stuff(names, str(local.choice(['grass', 'grass', 'soil'])), _gray(local, .7, 1.05),
                   TERRAIN)
    if side.verge:
        meshes.append(_ordered(course, sign, t, t + side.verge, KERB, grass, 5, s0, s1))
        t += side.verge
    if side.pavement:
        pave = _stuff(names, paving, shade, PAVEMENT)
        meshes.append(_ordered(course, sign, t, t + side.pavement, KERB, pave, TILE[paving],
                               s0, s1))
        t += side.pavement
    beyond = grass
    if side.edge == 'town':
        beyond = _stuff(names, paving, shade, PAVEMENT)
    elif side.edge == 'halls':
        beyond = _stuff(names, 'asphalt', _gray(local, 0.6, 0.9), LABEL_IDS['parking'])
    inner = t + max(side.garden, 0.01)
    meshes.append(_ordered(course, sign, t, inner + 10, KERB, beyond, 5, s0, s1))
    meshes.append(_ordered(course, sign, inner + 10, 400, KERB, grass, 5, s0, s1))
    return meshes


def _crossing_road(rng, course, street, names, road, tile, at, half):
    """Road, pavements and stop lines of a side road at s = `at`."""
    meshes = [course.strip(-300, 300, 0.001, road, tile, at - half, at + half, step=8)]
    white = _stuff(names, 'white', (0.85, 0.85, 0.82), ROAD)
    edge = max(street.kerb(-1), street.kerb(1))
    for sign in (-1, 1):
        if rng.random() < 0.5:
            t0, t1 = sorted((sign * (edge + 0.3), sign * (edge + 0.7)))
            meshes.append(course.strip(t0, t1, 0.006, white, 1, at - half + 0.5, at))
    if rng.random() < 0.6:  # a zebra crossing over our road
        s = at - half - 3.5
        for t in np.arange(-street.kerb(-1) + 0.4, street.kerb(1) - 0.4, 1.0):
            meshes.append(course.strip(t, t + 0.5, 0.008, white, 1, s, s + 2.8))
    if rng.random() < 0.6:
        t0, t1 = sorted((street.hand * 0.2, street.hand * (street.half - 0.2)))
        meshes.append(course.strip(t0, t1, 0.009, white, 1, at - half - 4.6, at - half - 4.2))
    return meshes


def _dashes(course, t, width, dash, gap, surface, s0=-20, s1=200):
    return [course.strip(t - width / 2, t + width / 2, 0.007, surface, 1, s, s + dash, dash)
            for s in np.arange(s0, s1, dash + gap)]


def _markings(rng, course, street, names):
    worn = rng.uniform(0.55, 0.92)
    white = _stuff(names, 'concrete', (worn, worn, worn * 0.97), ROAD)
    yellow = _stuff(names, 'concrete', (worn, worn * 0.78, worn * 0.2), ROAD)
    middle = yellow if rng.random() < 0.25 else white
    meshes = []
    if street.kind == 'lane' or rng.random() < 0.08:
        return meshes
    dash, gap = rng.choice([2.0, 3.0, 4.0]), rng.choice([3.0, 4.0, 6.0, 9.0])
    if street.median < 0.4:
        if rng.random() < 0.25:
            for t in (-0.12, 0.12):
                meshes.append(course.strip(t - 0.05, t + 0.05, 0.007, middle, 5))
        else:
            meshes += _dashes(course, 0.0, 0.12, dash, gap, middle)
    for lane in range(1, street.lanes):
        for sign in (-1, 1):
            t = sign * (street.median / 2 + lane * street.lane)
            meshes += _dashes(course, t, 0.12, dash, gap, white)
    style = rng.random()
    for sign in (-1, 1):
        t = sign * (street.half - (0.0 if street.side(sign).parking else 0.3))
        if street.kind == 'highway' or style < 0.25:
            meshes.append(course.strip(t - 0.07, t + 0.07, 0.007, white, 5))
        elif style < 0.45:
            for shift in (0.0, 0.2):
                meshes.append(course.strip(t + shift - 0.05, t + shift + 0.05, 0.007, yellow, 5))
        side = street.side(sign)
        if side.parking and not side.across and rng.random() < 0.4:
            for s in np.arange(-10, 90, 5.6):
                t0, t1 = sorted((sign * street.half, sign * street.kerb(sign)))
                meshes.append(course.strip(t0, t1, 0.006, white, 1, s, s + 0.1))
        if side.across:
            for s in np.arange(-10, 90, 2.5):
                t0, t1 = sorted((sign * street.half, sign * street.kerb(sign)))
                meshes.append(course.strip(t0, t1, 0.006, white, 1, s, s + 0.1))
    return meshes


def _median(rng, course, street, names):
    half = street.median / 2
    stone = _stuff(names, 'concrete', _gray(rng, 0.7, 1.0), PAVEMENT)
    grass = _stuff(names, 'grass', _gray(rng, 0.7, 1.0), TERRAIN)
    meshes = []
    for s0, s1 in street.stretches():
        for sign in (-1, 1):
            meshes.append(_ordered(course, sign, half - 0.03, half, KERB, stone, 5, s0, s1, 0.0))
        meshes.append(course.strip(-half + 0.03, half - 0.03, KERB,
                                   grass if half > 0.7 else stone, 5, s0, s1))
    return meshes


def contact(course, s, t, width, length, strength=0.75, h=0.015, layer=0, heading=0.0):
    """Make the soft dark patch under a thing."""
    card = shapes.cards(np.zeros((1, 3)), np.array([[width / 2, 0, 0.0]]),
                        np.array([[0, length / 2, 0.0]]))
    card = shapes.dress(card, Surface((strength ** 0.5,) * 3, layer))
    slope = course.slope(s)
    mesh = shapes.move(card, heading=course.angle(s) + heading)
    mesh.vertices[:, 2] += mesh.vertices[:, 1] * np.tan(slope)
    return shapes.move(mesh, course.place(s, t, h))
