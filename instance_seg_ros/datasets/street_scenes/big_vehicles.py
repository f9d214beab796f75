# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Buses and lorries of our own making."""

import numpy as np

from . import mesh as shapes
from .scene import LABEL_IDS, Model, Part
from .vehicle_parts import GAP, GLASS, LIGHT, PAINT, PLATE, RED, TRIM, box, mirrored, wheel


def _pair(mesh):
    return [mesh, mirrored(mesh)]


def _rounded(width, length, low, high, surface, edge=0.18, nose=0.1):
    """Make a box with rounded upper edges and slightly bowed ends, along y."""
    half = width / 2
    x = np.array([0.97, 1, 1, 1 - edge * 0.3 / half, 1 - edge / half, 0.5, 0]) * half
    z = np.array([low, low + 0.15, high - edge * 1.2, high - edge * .4, high, high + .02,
                  high + .03])
    y = np.array([-0.5, -0.497, -0.485, 0.485, 0.497, 0.5]) * length
    shrink = np.array([0.9, 0.97, 1, 1, 0.97, 0.9])
    points = np.stack([x[None] * shrink[:, None], np.broadcast_to(y[:, None], (6, 7)),
                       np.broadcast_to(z, (6, 7))], -1)
    meshes = _pair(shapes.dress(shapes.grid(points), surface))
    for end, bow in ((0, -nose), (5, nose)):
        rows = points[end, :-1]
        cap = np.stack([rows * [-1, 1, 1], rows * [0, 1, 1] + [0, bow, 0], rows], 1)
        meshes.append(shapes.dress(shapes.grid(cap), surface))
    return meshes


def _axles(width, places, radius=0.48):
    meshes = []
    for y in places:
        for side in (-1, 1):
            x = side * (width / 2 + 0.005)
            meshes.append(wheel(radius, 0.3, x, y))
            meshes.append(box((0.02, radius * 2.5, radius * 1.3), (x * 0.998, y, 0.72), GAP))
    return meshes


def _lights(width, half, tail_height=1.0):
    lamp = box((0.34, 0.06, 0.2), (width * 0.36, half + 0.05, 0.75), LIGHT)
    tail = box((0.2, 0.05, 0.35), (width * 0.42, -half - 0.03, tail_height), RED)
    plates = [box((0.5, 0.02, 0.12), (0, sign * (half + 0.12), 0.55), PLATE) for sign in (-1, 1)]
    bumper = box((width * 0.98, 0.1, 0.3), (0, half + 0.03, 0.45), TRIM)
    return [lamp, tail, mirrored(lamp), mirrored(tail), bumper] + plates


def _window_band(rng, width, length, low, double):
    """Windows of one deck: both sides, front and rear."""
    half, tall = length / 2, 0.85 if double else rng.uniform(0.8, 1.15)
    pane, meshes = length * 0.9 / 8, []
    for i in range(8):
        y = -half + length * 0.05 + pane * (i + 0.5)
        meshes += _pair(box((0.02, pane * rng.uniform(0.93, 0.99), tall),
                             (width / 2 + 0.008, y, low + tall / 2), GLASS))
    meshes.append(box((width * 0.86, 0.04, tall * (1.25 if low < 2 else 1)),
                       (0, half + 0.075, low + tall * (0.5 if low > 2 else 0.42)), GLASS))
    meshes.append(box((width * 0.8, 0.04, tall * 0.8), (0, -half - 0.075, low + tall / 2),
                       GLASS))
    return meshes


def bus_mesh(rng):
    """Make a city bus, a coach or a double-decker."""
    double = rng.random() < 0.25
    length, width = rng.uniform(9, 12.5), rng.uniform(2.4, 2.55)
    height = 4.2 if double else rng.uniform(2.85, 3.4)
    half = length / 2
    meshes = _rounded(width, length, 0.32, height, PAINT)
    for low in ([1.15, 2.95] if double else [rng.uniform(1.05, 1.4)]):
        meshes += _window_band(rng, width, length, low, double)
    sign = LIGHT._replace(color=(0.9, 0.7, 0.2), emission=0.5, gloss=0.1)
    meshes.append(box((width * 0.6, 0.05, 0.24), (0, half + 0.08, 2.75), sign))
    band = PAINT._replace(color=tuple(rng.uniform(0.1, 0.9, 3)), paint=0.0)
    if rng.random() < 0.6:
        meshes += _pair(box((0.01, length * 0.96, rng.uniform(0.15, 0.5)),
                             (width / 2 + .007, 0, .85), band))
    meshes += [box((0.03, 1.1, 2.0), (width / 2 + 0.01, y, 1.4), GLASS)
               for y in (half - 1.3, 0.3)]
    meshes += _pair(box((0.08, 0.1, 0.4), (width / 2 + 0.2, half + 0.1, 2.3), TRIM))
    meshes += _axles(width, (-half + 2.6, half - 2.6)) + _lights(width, half)
    return shapes.merge(meshes)


def _cab(width, half, long, high):
    """Make a lorry's cab with its front at y = `half`."""
    at, low = half - long / 2, 0.5 + (high - 0.5) * 0.45
    middle = (high + low) / 2 - 0.1
    meshes = [shapes.move(m, (0, at, 0)) for m in
              _rounded(width * 0.96, long, 0.5, high, PAINT, 0.2)]
    meshes.append(box((width * 0.82, 0.05, (high - low) * 0.8), (0, half + 0.075, middle), GLASS))
    meshes += _pair(box((0.02, long * 0.5, (high - low) * 0.65),
                         (width * 0.485, at + 0.2, middle), GLASS))
    meshes += _pair(box((0.1, 0.1, 0.4), (width / 2 + 0.15, half - 0.1, low + 0.5), TRIM))
    meshes.append(box((width * 0.6, 0.05, 0.35), (0, half + 0.09, 1.15), TRIM))
    return meshes


def _cargo(rng, width, half, long):
    """Make a box, tipper or tank whose rear is at y = -`half`."""
    at = -half + long / 2
    color = (0.85, 0.85, 0.83) if rng.random() < 0.5 else tuple(rng.uniform(0.1, 0.8, 3))
    stuff = TRIM._replace(color=color, gloss=0.15)
    ribs = stuff._replace(color=tuple(np.array(color) * 0.8))
    kind = rng.choice(['box', 'tipper', 'tank'], p=[.7, .2, .1])
    high = rng.uniform(2.5, 3.8) if kind == 'box' else rng.uniform(1.7, 2.4)
    meshes = [box((width * 0.9, long, 0.2), (0, at, 0.8), GAP)]
    if kind == 'tank':
        tank = shapes.tube((0, -half, 1.9), (0, at + long / 2, 1.9), 1.05, sides=16, caps=True)
        return meshes + [shapes.dress(tank, stuff)]
    tall, middle = high - 0.9, (high + 0.9) / 2
    meshes.append(box((width, long, tall), (0, at, middle), stuff))
    meshes += [box((width + 0.03, 0.06, tall), (0, at + y, middle), ribs)
               for y in np.linspace(-long / 2, long / 2, 7)]
    meshes += [box((0.05, 0.04, high - 1.0), (x, -half - 0.02, middle), TRIM)
               for x in (-width * .25, width * .25)]
    return meshes


def lorry_mesh(rng):
    """Make a lorry: a cab and a box, a tipper or a tank."""
    length, width = rng.uniform(5.5, 11), rng.uniform(2.1, 2.55)
    cab_long, cab_high = rng.uniform(1.7, 2.2), rng.uniform(2.2, 3.2)
    half = length / 2
    meshes = _cab(width, half, cab_long, cab_high)
    meshes += _cargo(rng, width, half, length - cab_long - 0.25)
    places = [half - 1.1, -half + 1.5] + ([-half + 2.6] if length > 8 else [])
    return shapes.merge(meshes + _axles(width, places) + _lights(width, half))


def make_big_vehicles(count=12):
    """Return our own buses and lorries as models named <kind>_<number>."""
    models = []
    for kind, maker in (('bus', bus_mesh), ('truck', lorry_mesh)):
        for number in range(count):
            mesh = maker(np.random.default_rng([number, len(kind), 7]))
            mesh.vertices[:, shapes.LABEL] = LABEL_IDS[kind]
            low, high = shapes.bounds(mesh)
            models.append(Model(f'{kind}_{number}', kind, (Part(mesh),), tuple(high - low)))
    return models
