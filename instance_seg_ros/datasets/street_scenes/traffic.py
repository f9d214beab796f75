# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles, riders and people along a street: where they stand, how they move."""

import numpy as np

from .ground import KERB
from .movers import Mover, random_paint
from .scene import LABEL_IDS


class Traffic:
    """Fill a street; places already taken are refused.

    `ego_t` is our lane; with `seconds` the street is filled for a drive of that time, in which
    nothing may stand or come in our way.
    """

    def __init__(self, rng, catalog, street, ego_t, amount=1.0, seconds=0.0):
        self.rng, self.catalog, self.street, self.amount = rng, catalog, street, amount
        self.ego_t, self.seconds = ego_t, seconds
        self.ego_speed = rng.uniform(4.0, 11.0) if seconds else 0.0
        self.movers, self._taken = [], []

    @property
    def travel(self):
        """Metres that we drive."""
        return self.ego_speed * self.seconds

    def free(self, s, t, long, wide):
        """Take a rectangle if nothing is there yet."""
        for s1, t1, long1, wide1 in self._taken:
            if abs(s - s1) < (long + long1) / 2 and abs(t - t1) < (wide + wide1) / 2:
                return False
        self._taken.append((s, t, long, wide))
        return True

    def _vehicle(self, s, t, turn, speed=0.0, kinds=(.86, .07, .07), gap=0.3):
        kind = str(self.rng.choice(['car', 'truck', 'bus'], p=kinds))
        model = self.catalog.pick(self.rng, kind)
        across = abs(np.sin(turn)) > 0.7
        long, wide = (model.size[0], model.size[1]) if across else (model.size[1], model.size[0])
        if self.free(s, t, long + gap, wide + 0.1):
            self.movers.append(Mover([(model, LABEL_IDS[kind])], s, t, turn, speed,
                                     paint=random_paint(self.rng)))
        return long

    def lanes(self, reach=95.0):
        """Put moving or queueing vehicles in every lane."""
        rng = self.rng
        for t, way in self.street.lane_centers():
            queue = rng.random() < 0.4
            speed = 0.0 if queue and rng.random() < 0.5 else rng.uniform(3, 14)
            mean = (rng.uniform(1.5, 5) if queue else rng.uniform(8, 35)) / self.amount
            own, near = abs(t - self.ego_t) < 1.0, rng.random() < 0.35
            if own:
                s = rng.uniform(7, 14) if near else rng.uniform(14, 45)
                speed = self.ego_speed if self.seconds else speed
            else:
                ahead = max(0.0, way * speed - self.ego_speed) * self.seconds
                s = rng.uniform(-4, 20) - ahead
            self._lane(t, way, s, reach + self.travel + max(0, -way * speed) * self.seconds,
                       speed, mean)

    def _lane(self, t, way, s, end, speed, mean):
        rng = self.rng
        while s < end:
            wobble, turn = rng.normal(0, 0.2), (0 if way > 0 else np.pi) + rng.normal(0, 0.03)
            if rng.random() < 0.07:
                pace = speed if self.seconds else 5.0
                s += self._rider(s, t + self.street.hand * way * 0.9, turn, way * pace) + 2
            else:
                s += self._vehicle(s, t + wobble, turn, way * speed) + 1.0
                s += rng.exponential(mean)

    def parked(self, reach=80.0):
        """Fill the parking lanes."""
        rng, street, reach = self.rng, self.street, reach + self.travel
        for sign in (-1, 1):
            side = street.side(sign)
            if not side.parking:
                continue
            share, s = rng.uniform(0.55, 1.0), -8.0
            while s < reach:
                t = sign * (street.half + side.parking / 2 + rng.normal(0, 0.12))
                if street.is_junction(s, 6) or rng.random() > share:
                    s += rng.uniform(3, 8)
                elif side.across:
                    turn = sign * -np.pi / 2 * rng.choice([1, -1], p=[.7, .3])
                    self._vehicle(s, t, turn + rng.normal(0, 0.04), 0.0, (.97, .03, 0.0), 0.0)
                    s += 2.5 + rng.uniform(0, 0.15)
                else:
                    turn = 0.0 if sign == street.hand or rng.random() < 0.2 else np.pi
                    s += self._vehicle(s, t, turn + rng.normal(0, 0.03), 0.0, (.93, .06, .01))
                    s += rng.uniform(0.3, 1.4)

    def crossing(self):
        """Put vehicles on the side roads, across our road or waiting."""
        rng = self.rng
        for at, half in self.street.junctions:
            for way in (-1, 1):
                lane = at - way * self.street.hand * half * 0.4
                for t in rng.uniform(-45, 45, rng.integers(0, 5)):
                    inside = abs(t) < self.street.half + 2
                    turn = -way * np.pi / 2 + rng.normal(0, 0.05)
                    if inside and rng.random() < 0.5:
                        turn += rng.uniform(-0.8, 0.8)
                    if not (self.seconds and abs(t) < self.street.half + 4):
                        self._vehicle(lane, t, turn)

    def _rider(self, s, t, turn, speed, moving=True):
        rng = self.rng
        kind = 'bicycle' if rng.random() < 0.65 else 'motorcycle'
        model = self.catalog.pick(rng, f'rider_{kind}')
        vehicle = next((m for m in self.catalog.by_kind[kind]
                        if f'rider_{m.name}' == model.name), None)
        if vehicle is None or not self.free(s, t, 2.4, 0.9):
            return 2.0
        models = [(vehicle, LABEL_IDS[kind])] + [(model, LABEL_IDS['rider'])] * moving
        self.movers.append(Mover(models, s, t, turn, speed if moving else 0.0,
                                 paint=random_paint(rng)))
        return 2.4

    def riders(self):
        """Put riders near the kerbs and cycles on the pavements."""
        rng, street = self.rng, self.street
        for _ in range(rng.poisson(1.6 * self.amount)):
            sign = rng.choice([-1, 1])
            way = 1 if sign == street.hand else -1
            edge = street.half - rng.uniform(0.4, 1.0)
            self._rider(rng.uniform(6, 45 + self.travel), sign * edge,
                        (0 if way > 0 else np.pi) + rng.normal(0, 0.08), way * rng.uniform(3, 6))
        for _ in range(rng.poisson(1.1 * self.amount)):
            sign = rng.choice([-1, 1])
            s, t = rng.uniform(5, 35 + self.travel), street.kerb(sign) + rng.uniform(0.4, 1.2)
            kind = 'bicycle' if rng.random() < 0.8 else 'motorcycle'
            turn = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.15)
            for _ in range(rng.integers(1, 6)):
                if self.free(s, sign * t, 0.75, 0.75) and not street.is_junction(s, 1):
                    self.movers.append(Mover([(self.catalog.pick(rng, kind), LABEL_IDS[kind])], s,
                                             sign * t, turn, height=KERB, paint=random_paint(rng),
                                             lean=rng.normal(0, 0.08)))
                s += rng.uniform(0.5, 0.9)

    def people(self):
        """Put people on the pavements, alone and in groups, and some on the road."""
        rng, street = self.rng, self.street
        more = 1 + self.travel / 50
        for _ in range(rng.poisson(9.0 * self.amount * more)):
            sign = rng.choice([-1, 1])
            side = street.side(sign)
            inner, outer = street.kerb(sign) + 0.4, street.front(sign) - side.garden - 0.3
            if outer <= inner or not side.pavement:
                continue
            s, t = 5 + 50 * more * rng.random() ** 1.2, sign * rng.uniform(inner, outer)
            turn, speed = rng.choice([0, np.pi]), rng.uniform(0.8, 1.6)
            for _ in range(rng.choice([1, 2, 3, 5], p=[.5, .3, .13, .07])):
                self._person(s + rng.normal(0, 0.5), t + rng.normal(0, 0.5), turn, speed, KERB)
        for _ in range(rng.poisson(1.2 * self.amount)):
            self._crosses(rng.uniform(6, 35), street.half)
        for at, half in street.junctions:
            for _ in range(rng.poisson(2.5 * self.amount)):
                self._crosses(at - half - rng.uniform(0.8, 3.6), 8.0)

    def _crosses(self, s, reach):
        """Add a person who crosses the road, unless the camera would hit them."""
        rng = self.rng
        way, t = rng.choice([-1, 1]), rng.uniform(-reach, reach)
        drift = way * rng.uniform(0.8, 1.5)
        if self.seconds:
            met = t + drift * np.clip(s / self.ego_speed, 0, self.seconds)
            if min(abs(met - self.ego_t), abs(met - self.ego_t + drift)) < 2.5:
                return
        self._person(s, t, -way * np.pi / 2, 0.0, 0.0, drift)

    def _person(self, s, t, turn, speed, height, drift=0.0):
        rng = self.rng
        if not self.free(s, t, 0.45, 0.45):
            return
        height = 0.0 if self.street.is_junction(s) else height
        self.movers.append(Mover(
            [(self.catalog.pick(rng, 'person'), LABEL_IDS['person'])], s, t,
            turn + rng.normal(0, 0.3), (speed if turn == 0 else -speed) if speed else 0.0, drift,
            height, random_paint(rng), rng.uniform(0.94, 1.06)))

    def fill(self):
        """Fill everything; returns the movers."""
        self._taken.append((0.0, self.ego_t, 9.0, 2.2))
        self.crossing()
        self.parked()
        self.lanes()
        self.riders()
        self.people()
        return self.movers
