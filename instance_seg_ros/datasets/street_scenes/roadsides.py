# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What stands along a street and does not move: houses, plants, walls, posts and signs."""

import numpy as np

from . import buildings
from . import mesh as shapes
from .barriers import barrier, guard_rail
from .ground import KERB
from .scene import Thing

REACH = 190.0


class Roadsides:
    """Collects static meshes and placed models of both sides of a street."""

    def __init__(self, rng, catalog, course, street):
        self.rng, self.catalog, self.course, self.street = rng, catalog, course, street
        self.names = catalog.names
        self.meshes, self.things = [], []
        self.season = str(rng.choice(['leafy', 'bare', 'mixed'], p=[.55, .2, .25]))

    def build(self):
        """Build both sides; returns (meshes, things)."""
        for sign in (-1, 1):
            getattr(self, '_' + self.street.side(sign).edge)(sign)
            self._street_trees(sign)
            self._posts(sign)
        if self.street.median > 1.0:
            self._median()
        for at, half in self.street.junctions:
            self._corner_signals(at, half)
            self._side_street(at, half)
        self._background()
        return self.meshes, self.things

    def _put(self, model, s, t, h=0.0, turn=0.0, scale=1.0):
        self.things.append(Thing(model, tuple(self.course.place(s, t, h)),
                                 self.course.angle(s) + turn, scale=scale))

    def _tree(self):
        kinds = {'leafy': (.85, .03, .12), 'bare': (.1, .75, .15), 'mixed': (.45, .4, .15)}
        kind = str(self.rng.choice(['leafy', 'bare', 'conifer'], p=kinds[self.season]))
        return self.catalog.pick(self.rng, kind)

    def _plant(self, s, t, h=KERB, low=0.6, high=1.25):
        self._put(self._tree(), s, t, h, self.rng.uniform(0, 6.28), self.rng.uniform(low, high))

    def _house(self, mesh, s, t, sign, h=0.0):
        self.meshes.append(self.course.turn(mesh, s, t, h, -np.pi / 2 if sign > 0 else np.pi / 2))

    def _row(self, sign, maker, gap, s0=-20.0, s1=REACH, front=None):
        """Put houses side by side; `maker` returns (mesh or model, width)."""
        rng, s = self.rng, s0
        front = self.street.front(sign) if front is None else front
        while s < s1:
            thing, width = maker()
            middle = s + width / 2
            if self.street.is_junction(middle, width / 2 + 2.5):
                s += 2.0
                continue
            t = sign * (front + rng.uniform(0, 0.4))
            if isinstance(thing, shapes.Mesh):
                self._house(thing, middle, t, sign)
            else:
                turn = np.pi / 2 if sign > 0 else -np.pi / 2
                self._put(thing, middle, t + sign * thing.size[1] / 2, 0.0, turn)
            s += width + gap()

    def _town(self, sign):
        rng = self.rng
        floors = int(rng.integers(2, 6))

        def maker():
            if self.catalog.has('building') and rng.random() < 0.12:
                model = self.catalog.pick(rng, 'building')
                return model, model.size[0]
            return buildings.town_house(rng, self.names,
                                        floors=max(1, floors + int(rng.integers(-1, 2))))
        self._row(sign, maker, lambda: 0.0 if rng.random() < 0.85 else rng.uniform(1, 12))

    def _cottages(self, sign):
        rng = self.rng

        def maker():
            return buildings.cottage(rng, self.names)
        self._row(sign, maker, lambda: rng.uniform(2, 12))
        self._garden(sign)
        for s in np.arange(-5, 120, 7.0):
            if rng.random() < 0.7 and not self.street.is_junction(s, 3):
                self._plant(s, sign * (self.street.front(sign) + rng.uniform(-2, 14)))

    def _halls(self, sign):
        rng = self.rng
        self._row(sign, lambda: buildings.hall(rng, self.names), lambda: rng.uniform(3, 25),
                  front=self.street.front(sign) + rng.uniform(4, 18))

    def _trees(self, sign):
        rng, front = self.rng, self.street.front(sign)
        density = rng.uniform(1.8, 5)
        for row in range(4):
            s = -10.0
            while s < 130:
                s += density * rng.uniform(0.5, 1.6) * (1 + 0.3 * row)
                if not self.street.is_junction(s, 3):
                    t = sign * (front + 1.5 + row * 4.0 + rng.uniform(-1, 1.5))
                    if rng.random() < 0.35:
                        self._put(self.catalog.pick(rng, 'bush'), s, t, 0, rng.uniform(0, 6.28),
                                  rng.uniform(0.8, 1.8))
                    else:
                        self._plant(s, t, 0.0, 0.7, 1.4)
        if rng.random() < 0.5:
            self._garden(sign)

    def _wall(self, sign):
        rng = self.rng
        stuff = str(rng.choice(['brick', 'stone', 'concrete', 'plaster']))
        self._barrier(sign, self.street.front(sign), rng.uniform(1.2, 3.0), stuff, 'wall')
        for s in np.arange(-5, 120, 6.0):
            if rng.random() < 0.6:
                self._plant(s, sign * (self.street.front(sign) + rng.uniform(2, 8)), 0.0)

    def _open(self, sign):
        rng, front = self.rng, self.street.front(sign)
        if self.street.kind == 'highway':
            self.meshes += guard_rail(self.course, self.street, sign)
        for _ in range(rng.integers(4, 25)):
            s, t = rng.uniform(5, 180), sign * (front + rng.uniform(2, 50))
            if not self.street.is_junction(s, 3):
                self._plant(s, t, 0.0, 0.7, 1.5)

    def _barrier(self, sign, t, height, stuff, kind, thick=0.25):
        self.meshes += barrier(self.rng, self.course, self.street, self.names, sign, t, height,
                               stuff, kind, thick)

    def _garden(self, sign):
        """Put a hedge, low wall or fence in front of gardens."""
        side, rng = self.street.side(sign), self.rng
        t = self.street.front(sign) - side.garden + 0.1
        kind = rng.random()
        if kind < 0.35:
            self._barrier(sign, t, rng.uniform(0.9, 2.0), 'hedge', 'hedge', 0.6)
        elif kind < 0.55:
            self._barrier(sign, t, rng.uniform(0.5, 1.2), str(rng.choice(['brick', 'stone'])),
                          'wall')
        elif kind < 0.8:
            self._barrier(sign, t, rng.uniform(0.9, 1.6), 'railing', 'fence')

    def _street_trees(self, sign):
        rng, side = self.rng, self.street.side(sign)
        share = 0.4 if side.edge == 'town' else 0.6
        if rng.random() > share or not (side.pavement or side.verge):
            return
        step, s = rng.uniform(6, 16), rng.uniform(2, 10)
        t = self.street.kerb(sign) + (side.verge / 2 if side.verge else 0.8)
        while s < 120:
            if not self.street.is_junction(s, 4) and rng.random() < 0.85:
                self._plant(s, sign * t)
            s += step * rng.uniform(0.8, 1.3)

    def _posts(self, sign):
        rng, street = self.rng, self.street
        t = street.kerb(sign) + 0.45
        turn = np.pi if sign > 0 else 0.0
        lamp = self.catalog.pick(rng, 'lamp_post')
        step = rng.uniform(18, 40)
        for s in np.arange(rng.uniform(3, 20), 180, step):
            if not street.is_junction(s, 1):
                self._put(lamp, s, sign * t, KERB, turn)
        for _ in range(rng.poisson(3)):
            s = rng.uniform(6, 70)
            kind = str(rng.choice(['sign', 'big_sign', 'bin', 'hoarding', 'shelter'],
                                  p=[.55, .12, .15, .1, .08]))
            if not street.is_junction(s, 1) and (street.side(sign).pavement or kind == 'sign'):
                facing = {'shelter': np.pi / 2 * -sign}.get(kind, rng.normal(0, 0.15))
                self._put(self.catalog.pick(rng, kind), s, sign * (t + rng.uniform(0, 0.5)),
                          KERB, facing)
        if rng.random() < 0.3:
            model, step = self.catalog.pick(rng, 'bollard'), rng.uniform(1.4, 2.5)
            for s in np.arange(rng.uniform(2, 10), rng.uniform(20, 50), step):
                if not street.is_junction(s, 1):
                    self._put(model, s, sign * (street.kerb(sign) + 0.3), KERB)
        if rng.random() < 0.12 and street.side(sign).pavement:
            self._barrier(sign, street.kerb(sign) + 0.25, 1.05, 'railing', 'fence')

    def _corner_signals(self, at, half):
        street = self.street
        if self.rng.random() < 0.65:
            model = self.catalog.pick(self.rng, 'signal')
            for sign in (-1, 1):
                self._put(model, at - half - 0.8, sign * (street.kerb(sign) + 0.5), KERB)
                self._put(model, at + half + 0.8, sign * (street.kerb(sign) + 0.5), KERB,
                          np.pi if self.rng.random() < 0.5 else 0.0)

    def _side_street(self, at, half):
        """Houses or trees along the side road, so that its end is not empty."""
        rng = self.rng
        for sign in (-1, 1):
            for along in (-1, 1):
                t = self.street.front(sign) + 16
                while t < 90:
                    s = at + along * (half + 4 + rng.uniform(0, 1))
                    if rng.random() < 0.6:
                        mesh, width = buildings.town_house(rng, self.names)
                        turn = 0.0 if along > 0 else np.pi
                        self.meshes.append(self.course.turn(mesh, s, sign * (t + width / 2),
                                                            0.0, turn))
                        t += width
                    else:
                        self._plant(s + along * 2, sign * t)
                        t += 6
            mesh, width = buildings.town_house(rng, self.names, 30)
            self._house(mesh, at, sign * 110, sign)

    def _median(self):
        rng = self.rng
        if self.street.median > 1.5 and rng.random() < 0.6:
            for s in np.arange(rng.uniform(0, 10), 150, rng.uniform(7, 15)):
                if not self.street.is_junction(s, 3):
                    self._plant(s, rng.normal(0, 0.1), KERB, 0.5, 0.9)
        elif rng.random() < 0.5:
            self._barrier(1, 0.0, rng.uniform(0.8, 1.2), 'concrete', 'wall', 0.3)

    def _background(self):
        """Tree lines and blocks far away, so that the horizon is never bare."""
        rng = self.rng
        for _ in range(rng.integers(10, 40)):
            s, t = rng.uniform(110, 330), rng.normal(0, 90)
            if abs(t) > self.street.front(1) + 4:
                self._plant(s, t, -0.5, 1.2, 2.2)
        for _ in range(rng.integers(0, 9)):
            s, sign = rng.uniform(190, 330), rng.choice([-1, 1])
            mesh, _ = buildings.town_house(rng, self.names, rng.uniform(12, 40),
                                           int(rng.integers(3, 12)))
            self._house(mesh, s, sign * rng.uniform(25, 120), sign)
