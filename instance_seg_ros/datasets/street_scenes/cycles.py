# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bicycles, motorcycles and their riders.

Model `rider_<vehicle>` fits exactly on the vehicle of the same name: both are placed at one
spot. Kind `rider_bicycle` and `rider_motorcycle` hold the riders.
"""

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .people import person_mesh, random_clothes
from .poses import seated
from .scene import LABEL_IDS, Model, Part
from .vehicle_parts import GLASS, LIGHT, RED, TRIM, TYRE

PAINT = Surface((1, 1, 1), 0, 0.5, 0.0, 0, 1.0)
CHROME = Surface((0.6, 0.6, 0.62), 0, 0.6)


def _tube(start, end, radius, surface, end_radius=None):
    return shapes.dress(shapes.tube(start, end, radius, end_radius, 6), surface)


def _ring(y, radius, thick, surface, sides=20, tube_sides=6):
    """Make a wheel's ring in the y-z plane, on the ground."""
    big = np.linspace(0, 2 * np.pi, sides + 1)[:, None]
    small = np.linspace(0, 2 * np.pi, tube_sides + 1)[None]
    reach = radius - thick + thick * np.cos(small)
    points = np.stack([np.broadcast_to(thick * np.sin(small), (sides + 1, tube_sides + 1)),
                       y + np.cos(big) * reach, radius + np.sin(big) * reach], -1)
    return shapes.dress(shapes.grid(points), surface)


def bicycle_mesh(rng):
    """Make a bicycle; (mesh, joints of its rider)."""
    radius = rng.uniform(0.31, 0.35)
    rear, front = -0.52, 0.53
    low, saddle = np.array([0, -0.08, 0.29]), np.array([0, -0.22, rng.uniform(0.86, 0.96)])
    head = np.array([0, 0.36, 0.86])
    bar = np.array([0, rng.uniform(0.36, 0.46), rng.uniform(0.96, 1.08)])
    seat_tube = saddle - [0, 0.02, 0.18]
    meshes = [_ring(y, radius, 0.02, TYRE) for y in (rear, front)]
    step_through = rng.random() < 0.4
    top = head - [0, 0, 0.2] if step_through else head
    for a, b, r in ((low, seat_tube, .018), (low, head - [0, 0, .08], .02),
                    (low if step_through else seat_tube, top, .018),
                    (low, [0, rear, radius], .012), (seat_tube, [0, rear, radius], .011),
                    (head, [0, front, radius], .014)):
        meshes.append(_tube(a, b, r, PAINT))
    meshes.append(_tube(head, bar, 0.014, CHROME))
    for sign in (-1, 1):
        meshes.append(_tube(bar, bar + [sign * 0.27, -0.08, 0.02], 0.014, TRIM))
    for y in (rear, front):
        meshes += [_tube([0, y - radius * c, radius - radius * s],
                         [0, y + radius * c, radius + radius * s], 0.004, CHROME)
                   for c, s in ((1, 0), (0, 1), (.7, .7), (-.7, .7))]
    meshes.append(_tube(low - [0.12, 0, 0], low + [0.12, 0, 0], 0.02, TRIM))
    meshes.append(shapes.dress(shapes.ellipsoid((0.08, 0.13, 0.035), saddle, 5, 8), TRIM))
    if rng.random() < 0.4:
        guard = _ring(rear, radius + 0.03, 0.015, TRIM)
        meshes.append(guard)
        meshes.append(shapes.dress(shapes.box((0.14, 0.3, 0.02), (0, rear, 0.74)), TRIM))
    if rng.random() < 0.3:
        basket = shapes.box((0.3, 0.24, 0.22), (0, 0.6, 0.92))
        meshes.append(shapes.dress(basket, Surface((0.4, 0.33, 0.22))))
    turn = rng.uniform(0, 2 * np.pi)
    crank = 0.16 * np.array([0, np.cos(turn), np.sin(turn)])
    feet = [low + crank + [0.11, 0, 0.04], low - crank + [0.11, 0, 0.04]]
    joints = seated(saddle + [0, 0.0, 0.07], saddle + [0, rng.uniform(0.2, 0.42),
                                                       rng.uniform(0.52, 0.58)],
                    bar + [0.25, -0.07, 0.02], feet)
    return shapes.merge(meshes), joints


def motorcycle_mesh(rng):
    """Make a motorcycle or a scooter; (mesh, joints of its rider)."""
    scooter = rng.random() < 0.4
    radius = 0.24 if scooter else rng.uniform(0.29, 0.33)
    rear, front = -0.62, 0.68
    meshes = [_ring(y, radius, 0.065, TYRE, 20, 8) for y in (rear, front)]
    meshes += [shapes.dress(shapes.tube((-0.03, y, radius), (0.03, y, radius), radius * 0.6,
                                        sides=12, caps=True), CHROME) for y in (rear, front)]
    bar = np.array([0, 0.38, 1.02])
    for x in (-0.08, 0.08):
        meshes.append(_tube([x, front, radius], [x, 0.42, 0.95], 0.03, CHROME))
    for sign in (-1, 1):
        meshes.append(_tube(bar, bar + [sign * 0.34, -0.12, 0.03], 0.018, TRIM))
    lamp = shapes.ellipsoid((0.1, 0.08, 0.1), (0, 0.56, 0.88))
    meshes.append(shapes.dress(lamp, LIGHT))
    meshes.append(shapes.dress(shapes.box((0.2, 0.05, 0.09), (0, -0.85, 0.68)), RED))
    if scooter:
        parts = [((0.2, 0.42, 0.24), (0, -0.45, 0.5)), ((0.2, 0.08, 0.42), (0, 0.4, 0.65)),
                 ((0.16, 0.35, 0.05), (0, 0.1, 0.3))]
    else:
        parts = [((0.17, 0.28, 0.16), (0, 0.14, 0.78)), ((0.13, 0.34, 0.1), (0, -0.6, 0.72)),
                 ((0.16, 0.22, 0.2), (0, 0.36, 0.8))]
        engine = shapes.ellipsoid((0.2, 0.3, 0.22), (0, 0.02, 0.45))
        meshes.append(shapes.dress(engine, TRIM))
        meshes.append(_tube([0.17, 0.0, 0.32], [0.19, -0.8, 0.42], 0.045, CHROME))
    meshes += [shapes.dress(shapes.ellipsoid(size, at), PAINT) for size, at in parts]
    seat = np.array([0, -0.28, 0.8])
    meshes.append(shapes.dress(shapes.ellipsoid((0.15, 0.36, 0.07), seat + [0, -.06, 0]), TRIM))
    if rng.random() < 0.4:
        screen = shapes.ellipsoid((0.17, 0.03, 0.2), (0, 0.5, 1.15))
        meshes.append(shapes.dress(screen, GLASS))
    if rng.random() < 0.3:
        meshes.append(shapes.dress(shapes.box((0.4, 0.36, 0.34), (0, -0.78, 1.0)), TRIM))
    feet = [np.array([0.18, -0.02, 0.34])] * 2
    joints = seated(seat + [0, 0, 0.09], seat + [0, rng.uniform(0.12, 0.3), 0.62],
                    bar + [0.32, -0.1, 0.03], feet)
    return shapes.merge(meshes), joints


def make_cycles(count=14):
    """Return bicycles, motorcycles and a rider for each."""
    models = []
    for kind, maker, helmet in (('bicycle', bicycle_mesh, 0.4),
                                ('motorcycle', motorcycle_mesh, 1.0)):
        for number in range(count):
            rng = np.random.default_rng([number, len(kind), 11])
            mesh, joints = maker(rng)
            mesh.vertices[:, shapes.LABEL] = LABEL_IDS[kind]
            low, high = shapes.bounds(mesh)
            name = f'{kind}_{number}'
            models.append(Model(name, kind, (Part(mesh),), tuple(high - low)))
            clothes = random_clothes(rng, helmet)._replace(skirt=False)
            rider = person_mesh(joints, clothes, LABEL_IDS['rider'])
            models.append(Model(f'rider_{name}', f'rider_{kind}', (Part(rider),),
                                tuple(high - low)))
    return models
