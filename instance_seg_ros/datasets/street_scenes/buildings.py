# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Houses of drawn facades with real relief: roofs, cornices, balconies, awnings, chimneys."""

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .scene import LABEL_IDS
from .textures import FACADES, SHOPS

BUILDING = LABEL_IDS['building']
BAY, FLOOR = 3.1, 3.2


def _wall(width, z0, z1, y, layer, color, bays, floors, flip=False):
    x = width / 2
    corners = [[-x, y, z0], [x, y, z0], [x, y, z1], [-x, y, z1]]
    texcoords = [[0, 0], [bays / 4, 0], [bays / 4, floors / 4], [0, floors / 4]]
    if flip:
        corners = [corners[i] for i in (1, 0, 3, 2)]
    return shapes.dress(shapes.quads([corners], [texcoords]),
                        Surface(color, layer, 0.0, 0.0, BUILDING))


def _walls(width, depth, z0, z1, layer, color, floors):
    """Four walls; the front is at y = 0 facing -y, the back at y = depth."""
    bays = max(1, round(width / BAY))
    side_bays = max(1, round(depth / BAY))
    front = _wall(width, z0, z1, 0.0, layer, color, bays, floors)
    back = _wall(width, z0, z1, depth, layer, color, bays, floors, flip=True)
    side = _wall(depth, z0, z1, 0.0, layer, color, side_bays, floors)
    right = shapes.move(side, (width / 2, depth / 2, 0), np.pi / 2)
    left = shapes.move(side, (-width / 2, depth / 2, 0), -np.pi / 2)
    return [front, back, left, right]


def _box(size, center, color, layer=0, gloss=0.0, tile=None):
    return shapes.dress(shapes.box(size, center, tile),
                        Surface(color, layer, gloss, 0.0, BUILDING))


def _gable(width, depth, z, rise, layer, color, wall_layer, wall_color):
    """Roof with its ridge along the street."""
    x, over = width / 2, 0.35
    low, ridge = z - 0.1, z + rise
    front = [[-x, -over, low], [x, -over, low], [x, depth / 2, ridge], [-x, depth / 2, ridge]]
    back = [[x, depth + over, low], [-x, depth + over, low], [-x, depth / 2, ridge],
            [x, depth / 2, ridge]]
    texcoords = [[[0, 0], [width / 4, 0], [width / 4, depth / 6], [0, depth / 6]]] * 2
    roof = shapes.dress(shapes.quads([front, back], texcoords),
                        Surface(color, layer, 0.0, 0.0, BUILDING))
    ends = [[[sx * x, 0, z], [sx * x, depth, z], [sx * x, depth / 2, ridge],
             [sx * x, depth / 2, ridge]] for sx in (-1, 1)]
    ends = shapes.dress(shapes.quads(ends, [[[0, 0], [.02, 0], [.02, .01], [0, .01]]] * 2),
                        Surface(wall_color, wall_layer, 0.0, 0.0, BUILDING))
    return [roof, ends]


def _tint(rng, low=0.75, high=1.0):
    return tuple(np.clip(rng.uniform(low, high) * rng.uniform(0.92, 1.05, 3), 0, 1))


def _details(rng, width, height, floors, color):
    """Balconies, awnings, drain pipes and bay windows on the front."""
    meshes = []
    if rng.random() < 0.3 and floors > 2:
        for floor in range(1, floors):
            for x in np.arange(-width / 2 + BAY, width / 2 - BAY / 2, 2 * BAY):
                z = floor * FLOOR + 0.2
                meshes.append(_box((2.2, 1.0, 0.12), (x, -0.5, z), (0.6, 0.58, 0.55)))
                meshes.append(_box((2.2, 0.05, 0.9), (x, -1.0, z + 0.5), _tint(rng, .2, .7)))
    if rng.random() < 0.4:
        awning = _tint(rng, 0.2, 0.9)
        awning = tuple(np.clip(np.array(awning) * rng.uniform(0.3, 1.2, 3), 0, 1))
        for x in np.arange(-width / 2 + 2.5, width / 2 - 2, 5.5):
            slope = [[[x - 2, -1.4, 2.5], [x + 2, -1.4, 2.5], [x + 2, 0, 3.1], [x - 2, 0, 3.1]]]
            meshes.append(shapes.dress(shapes.quads(slope), Surface(awning, label=BUILDING)))
    pipe = shapes.tube((-width / 2 + 0.15, -0.08, 0), (-width / 2 + 0.15, -0.08, height), 0.06,
                       sides=5)
    meshes.append(shapes.dress(pipe, Surface((0.3, 0.3, 0.3), label=BUILDING)))
    meshes.append(_box((width, 0.35, 0.3), (0, -0.12, height - 0.15), np.multiply(color, 0.9)))
    meshes.append(_box((width + 0.06, 0.1, 0.5), (0, -0.03, 0.25), np.multiply(color, 0.55)))
    return meshes


def town_house(rng, names, width=None, floors=None):
    """Make a house of a closed row: front at y = 0 facing -y, centred on x = 0; (mesh, width)."""
    width = width or rng.uniform(6, 20)
    floors = floors or int(rng.integers(2, 6))
    depth, height = rng.uniform(9, 13), floors * FLOOR
    layer, color = names[f'facade{rng.integers(FACADES)}'], _tint(rng)
    ground = FLOOR * 1.15 if rng.random() < 0.5 else 0.0
    meshes = _walls(width, depth, ground, height, layer, color, floors - (ground > 0))
    if ground:
        shop = names[f'shop{rng.integers(SHOPS)}']
        scale = max(1, round(width / 8)) * 4
        meshes.append(_wall(width, 0, ground, 0.0, shop, color, scale, 4))
        meshes += _walls(width, depth, 0, ground, names['plaster'], color, 4)[1:]
    meshes += _details(rng, width, height, floors, color)
    if rng.random() < 0.6:
        meshes += _gable(width, depth, height, rng.uniform(1.5, 4.5), names['roof'],
                         _tint(rng, 0.4, 1.0), names['plaster'], np.multiply(color, 0.8))
        for x in rng.uniform(-width / 2 + 0.5, width / 2 - 0.5, rng.integers(0, 3)):
            meshes.append(_box((0.9, 0.7, 2.0), (x, depth / 2 - 1, height + 2.5),
                               (0.7, 0.66, 0.62), names['brick'], tile=2.6))
    else:
        meshes.append(_box((width, depth, 0.6), (0, depth / 2, height + 0.2),
                           np.multiply(color, 0.7)))
    return shapes.merge(meshes), width


def cottage(rng, names):
    """Make a detached house with a garage or porch; front at y = 0 facing -y."""
    width, depth = rng.uniform(9, 15), rng.uniform(8, 11)
    floors = int(rng.integers(1, 3))
    height, layer, color = floors * 2.9, names[f'facade{rng.integers(FACADES)}'], _tint(rng)
    meshes = _walls(width, depth, 0, height, layer, color, floors)
    meshes += _gable(width, depth, height, rng.uniform(2, 4), names['roof'], _tint(rng, .3, .9),
                     names['plaster'], color)
    side = rng.choice([-1, 1]) * (width / 2 - 2.5)
    meshes.append(_box((5, 4, 2.8), (side, -1.5, 1.4), color, names['plaster'], tile=5))
    meshes.append(_box((3.8, 0.1, 2.2), (side, -3.52, 1.1), _tint(rng, 0.5, 0.95)))
    meshes.append(_box((5.4, 4.4, 0.25), (side, -1.5, 2.9), _tint(rng, 0.3, 0.6)))
    return shapes.merge(meshes), width + 1


def hall(rng, names):
    """Make a low wide shop, depot or office; front at y = 0 facing -y."""
    width, depth, height = rng.uniform(20, 45), rng.uniform(12, 25), rng.uniform(4.5, 9)
    color = _tint(rng, 0.6, 1)
    stuff = names[str(rng.choice(['brick', 'plaster', 'concrete']))]
    meshes = [_box((width, depth, height), (0, depth / 2, height / 2), color, stuff, tile=4)]
    shop = names[f'shop{rng.integers(SHOPS)}']
    bays = max(1, round(width / 8)) * 4
    meshes.append(_wall(width * 0.8, 0, 3.4, -0.05, shop, color, bays, 4))
    meshes.append(_box((width + 0.4, depth + 0.4, 0.8), (0, depth / 2, height),
                       _tint(rng, 0.2, 0.9)))
    return shapes.merge(meshes), width
