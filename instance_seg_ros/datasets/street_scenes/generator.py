# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Draw a whole street scene from a random generator."""

from dataclasses import dataclass

import numpy as np

from . import mesh as shapes
from .ground import Side, Street, make_ground
from .movers import place
from .road import Course
from .roadsides import Roadsides
from .scene import Camera, Lamp, Scene
from .traffic import Traffic
from .weather import make_weather

KINDS = {'town': 0.46, 'suburb': 0.17, 'avenue': 0.15, 'retail': 0.09, 'park': 0.06,
         'highway': 0.07}


def random_street(rng, kind=None):
    """Draw the plan of a street."""
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    street = Street(kind, int(rng.choice([1, -1], p=[.6, .4])), lane=rng.uniform(2.8, 3.6),
                    left=_side(rng, kind), right=_side(rng, kind),
                    one_way=bool(kind == 'town' and rng.random() < 0.2))
    if kind in ('avenue', 'highway') or rng.random() < 0.1:
        street.lanes = int(rng.integers(2, 4 if kind == 'highway' else 3))
        street.median = float(rng.choice([0.0, rng.uniform(0.5, 4.5)]))
    s = rng.uniform(14, 70)
    while rng.random() < 0.45 and s < 150 and kind != 'highway':
        street.junctions.append((s, rng.uniform(3.2, 7)))
        s += rng.uniform(50, 90)
    return street


def _side(rng, kind):
    edges = {'town': ('town', 'town', 'town', 'wall', 'halls', 'trees'),
             'suburb': ('cottages', 'cottages', 'cottages', 'trees', 'town'),
             'avenue': ('town', 'town', 'trees', 'halls', 'wall'),
             'retail': ('halls', 'halls', 'open', 'trees', 'town'),
             'park': ('trees', 'trees', 'wall', 'open', 'cottages'),
             'highway': ('open', 'trees', 'open', 'wall')}[kind]
    edge = str(rng.choice(edges))
    if kind == 'highway':
        return Side(verge=rng.uniform(2, 8), pavement=0.0, edge=edge)
    parking = rng.random() < {'town': 0.7, 'retail': 0.6}.get(kind, 0.4)
    across = bool(rng.random() < (0.6 if kind == 'retail' else 0.12))
    return Side(parking=(5.2 if across else rng.uniform(2.0, 2.4)) if parking else 0.0,
                across=across,
                verge=rng.uniform(0.8, 3) if rng.random() < (.15 if kind == 'town' else .5) else 0,
                pavement=rng.uniform(1.2, 4.5),
                garden=rng.uniform(2, 8) if edge in ('cottages', 'halls') else 0.0, edge=edge)


@dataclass
class World:
    """A street with everything in it, before a camera looks at one moment of it."""

    course: Course
    street: Street
    static: shapes.Mesh
    things: list
    movers: list
    weather: object
    names: dict
    ego_t: float
    ego_speed: float = 0.0


def make_world(rng, catalog, kind=None, weather=None, seconds=0.0):
    """Draw a street and all that is in it.

    `kind` and `weather` may be prescribed; `seconds` is how long we drive through it.
    """
    street = random_street(rng, kind)
    course = Course(rng, curve=0.6 if street.kind == 'highway' else 1.0)
    weather = make_weather(rng, weather)
    meshes = make_ground(rng, course, street, catalog.names)
    more, things = Roadsides(rng, catalog, course, street).build()
    own = [t for t, way in street.lane_centers() if way > 0]
    ego_t = float(rng.choice(own)) + rng.normal(0, 0.2)
    traffic = Traffic(rng, catalog, street, ego_t, float(np.exp(rng.normal(0.1, 0.4))), seconds)
    return World(course, street, shapes.merge(meshes + more), things, traffic.fill(), weather,
                 catalog.names, ego_t, traffic.ego_speed)


def random_camera(rng, world, distortion=0.0):
    """Draw a dash camera in our lane."""
    height = rng.choice([rng.uniform(1.1, 1.7), rng.uniform(1.7, 2.4)], p=[.8, .2])
    s = rng.uniform(-1, 1)
    position = world.course.place(s, world.ego_t + rng.normal(0, 0.3), height)
    return Camera(tuple(position), float(np.degrees(world.course.angle(s)) + rng.normal(0, 3.0)),
                  float(rng.normal(-2.0, 2.5)), float(rng.normal(0, 0.6)),
                  float(rng.choice([rng.uniform(45, 62), rng.uniform(62, 92)], p=[.45, .55])),
                  distortion, float(height))


def lamps_of(world, camera):
    """Return the lights of a dark scene: our headlights and the nearest street lamps."""
    if world.weather.night <= 0.0:
        return []
    x, y, z = camera.position
    strength = 26.0 if world.weather.name == 'night' else 8.0
    lamps = [Lamp((x + side, y + 0.5, z - 0.5), (strength, strength, strength * 0.92), True)
             for side in (-0.6, 0.6)]
    posts = [t for t in world.things if t.model.kind == 'lamp_post' and t.position[1] > y - 5]
    for post in sorted(posts, key=lambda t: t.position[1])[:6]:
        px, py, pz = post.position
        reach = 1.2 * np.cos(post.heading)
        lamps.append(Lamp((px + reach, py, pz + post.model.size[2]),
                          (strength * 0.5, strength * 0.38, strength * 0.2)))
    return lamps


def look(world, camera, time=0.0, extra=()):
    """Return the Scene of one moment; `extra` meshes join the static ones."""
    things, shadows = place(world.movers, world.course, world.names['blob'], time)
    return Scene(shapes.merge([world.static, *extra]), shapes.merge(shadows),
                 world.things + things, world.weather, camera, lamps_of(world, camera))
