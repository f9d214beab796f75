# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things of a street that may move, and where they are at a time."""

from dataclasses import dataclass

import numpy as np

from .ground import contact
from .people import PHASES, walker
from .scene import Thing

STRIDE = 1.45  # metres of a double step

PAINTS = [(0.9, 0.9, 0.9), (0.05, 0.05, 0.06), (0.25, 0.26, 0.28), (0.6, 0.62, 0.64),
          (0.09, 0.13, 0.28), (0.5, 0.06, 0.06), (0.1, 0.22, 0.16), (0.16, 0.3, 0.55),
          (0.45, 0.38, 0.28), (0.75, 0.68, 0.5), (0.8, 0.5, 0.08), (0.75, 0.1, 0.1)]
PAINT_SHARE = np.array([19, 17, 14, 18, 8, 6, 3, 6, 3, 2, 1.5, 2.5])


@dataclass
class Mover:
    """Something in the street's coordinates (s, t), possibly moving along them.

    `turn` is its heading against the street's, radians counter-clockwise; `speed` along s and
    `drift` along t in m/s.
    """

    models: list  # [(model, label id)]: one, or a vehicle and its rider
    s: float
    t: float
    turn: float = 0.0
    speed: float = 0.0
    drift: float = 0.0
    height: float = 0.0
    paint: tuple = (0.5, 0.5, 0.5)
    scale: float = 1.0
    lean: float = 0.0

    def at(self, time):
        """Return (s, t) after `time` seconds."""
        return self.s + self.speed * time, self.t + self.drift * time


def random_paint(rng):
    """Draw the paint of a vehicle, sRGB."""
    color = np.array(PAINTS[rng.choice(len(PAINTS), p=PAINT_SHARE / PAINT_SHARE.sum())])
    return tuple(np.clip(color * rng.uniform(0.8, 1.15) + rng.normal(0, 0.02, 3), 0.02, 1))


def in_step(model, mover, time):
    """Return a walking person at a time of a video."""
    pace = np.hypot(mover.speed, mover.drift)
    if model.walks is None or not time or pace < 0.1:
        return model
    return walker(model.walks, int((time * pace / STRIDE * PHASES) + model.walks) % PHASES)


def place(movers, course, blob, time=0.0):
    """Return ([Thing], [shadow meshes]) of movers at a time, with instance numbers."""
    things, shadows, counts = [], [], {}
    for mover in movers:
        s, t = mover.at(time)
        position = course.place(s, t, mover.height)
        heading = course.angle(s) + mover.turn
        pitch = course.slope(s) * np.cos(mover.turn)
        for model, label in mover.models:
            model = in_step(model, mover, time)
            counts[label] = counts.get(label, 0) + 1
            things.append(Thing(model, tuple(position), heading, pitch, mover.scale, label,
                                counts[label], mover.paint, mover.lean))
        wide, long = mover.models[0][0].size[:2]
        spread = 0.35 if wide < 1.2 else 0.7
        shadows.append(contact(course, s, t, wide + spread, long + spread,
                               0.75 if wide > 1.2 else 0.6, mover.height + 0.02, blob,
                               mover.turn))
    return things, shadows
