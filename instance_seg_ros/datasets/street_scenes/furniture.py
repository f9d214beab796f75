# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Street furniture: lamp posts, signals, signs, bollards, shelters, bins, fences and walls."""

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .scene import LABEL_IDS, Model, Part
from .textures import SIGNS

POLE, SIGN, SIGNAL = (LABEL_IDS[k] for k in ('pole', 'traffic sign', 'traffic light'))
STATIC, FENCE, WALL = (LABEL_IDS[k] for k in ('static', 'fence', 'wall'))
METAL = [(0.35, 0.36, 0.37), (0.5, 0.51, 0.52), (0.16, 0.18, 0.17), (0.2, 0.27, 0.22)]


def _metal(rng):
    return Surface(METAL[rng.integers(len(METAL))], 0, 0.15, 0.0, POLE)


def _tube(start, end, radius, surface, end_radius=None, sides=7):
    return shapes.dress(shapes.tube(start, end, radius, end_radius, sides), surface)


def lamp_post(rng, names):
    """Make a lamp post with its arm to the right."""
    height, reach, metal = rng.uniform(4.5, 9), rng.uniform(0.0, 2.2), _metal(rng)
    head = Surface((0.75, 0.74, 0.68), 0, 0.3, 0.2, POLE)
    meshes = [_tube((0, 0, 0), (0, 0, height), 0.09, metal, 0.05)]
    if reach > 0.5:
        meshes.append(_tube((0, 0, height), (reach, 0, height + 0.3), 0.04, metal))
        meshes.append(shapes.dress(shapes.ellipsoid((0.4, 0.14, 0.1), (reach, 0, height + .3)),
                                   head))
    else:
        meshes.append(shapes.dress(shapes.ellipsoid((0.2, 0.2, 0.26), (0, 0, height + 0.2)), head))
    return shapes.merge(meshes)


def _signal_head(rng, place, facing=-1):
    dark = Surface((0.07, 0.07, 0.075), 0, 0.1, 0.0, SIGNAL)
    x, y, z = place
    meshes = [shapes.dress(shapes.box((0.32, 0.22, 0.95), place), dark)]
    if rng.random() < 0.4:
        meshes.append(shapes.dress(shapes.box((0.5, 0.02, 1.15), place), dark))
    lit = rng.integers(3)
    colors = [(0.95, 0.15, 0.1), (0.95, 0.65, 0.1), (0.1, 0.95, 0.5)]
    for i, color in enumerate(colors):
        on = i == lit
        lamp = Surface(color if on else tuple(np.array(color) * 0.25), 0, 0.2, 2.5 * on, SIGNAL)
        center = (x, y + facing * 0.12, z + 0.29 - 0.29 * i)
        meshes.append(shapes.dress(shapes.ellipsoid((0.1, 0.03, 0.1), center, 5, 10), lamp))
    return meshes


def traffic_signal(rng, names):
    """Make a signal on a post, sometimes with a second one on an arm to the left."""
    metal, height = _metal(rng), rng.uniform(2.9, 3.4)
    meshes = [_tube((0, 0, 0), (0, 0, height + 0.2), 0.07, metal)]
    meshes += _signal_head(rng, (0, -0.15, height - 0.4))
    if rng.random() < 0.4:
        meshes.append(_tube((0, 0, 3), (0, 0, 6), 0.08, metal))
        meshes.append(_tube((0, 0, 5.9), (-4, 0, 6.1), 0.06, metal))
        meshes += _signal_head(rng, (-4, -0.1, 5.8))
    return shapes.merge(meshes)


def traffic_sign(rng, names):
    """Make one or two signs on a post."""
    metal, height, size = _metal(rng), rng.uniform(2.1, 3.0), rng.uniform(0.3, 0.42)
    meshes = [_tube((0, 0, 0), (0, 0, height + size), 0.035, metal)]
    for i in range(rng.integers(1, 3)):
        middle = np.array([[0, -0.05, height - i * 2.1 * size]])
        card = shapes.cards(middle, np.array([[size, 0, 0]]), np.array([[0, 0, size]]))
        layer = names[f'sign{rng.integers(SIGNS)}']
        meshes.append(shapes.dress(card, Surface((1, 1, 1), layer, -0.01, 0.15, SIGN)))
    return shapes.merge(meshes)


def big_sign(rng, names):
    """Make a direction board on two posts."""
    metal, width, tall = _metal(rng), rng.uniform(1.5, 3.5), rng.uniform(0.8, 1.8)
    low = rng.uniform(1.8, 2.5)
    color = [(0.1, 0.3, 0.62), (0.1, 0.4, 0.22), (0.85, 0.8, 0.2), (.9, .9, .9)][rng.integers(4)]
    meshes = [_tube((x, 0.06, 0), (x, 0.06, low + tall), 0.05, metal)
              for x in (-width * .4, width * .4)]
    meshes.append(shapes.dress(shapes.box((width, 0.05, tall), (0, 0, low + tall / 2)),
                               Surface(color, label=SIGN)))
    pen = (0.9, 0.9, 0.9) if sum(color) < 1.6 else (0.1, 0.1, 0.1)
    for row in range(3):
        size = (width * rng.uniform(0.3, 0.7), 0.02, tall * 0.14)
        center = (rng.uniform(-.1, .1) * width, -0.03, low + tall * (0.22 + 0.28 * row))
        meshes.append(shapes.dress(shapes.box(size, center), Surface(pen, label=SIGN)))
    return shapes.merge(meshes)


def bollard(rng, names):
    """Make a bollard."""
    metal = _metal(rng)
    return shapes.merge([_tube((0, 0, 0), (0, 0, 0.95), 0.07, metal),
                         _tube((0, 0, 0.75), (0, 0, 0.85), 0.075,
                               metal._replace(color=(0.9, 0.9, 0.85)))])


def bin_(rng, names):
    """Make a litter bin or a wheeled bin."""
    color = tuple(np.clip(rng.uniform(0.05, 0.6) * rng.uniform(0.5, 1.4, 3), 0, 1))
    if rng.random() < 0.5:
        body = shapes.tube((0, 0, 0), (0, 0, 0.95), 0.26, 0.3, 10, caps=True)
    else:
        body = shapes.box((0.6, 0.7, 1.05), (0, 0, 0.53))
    return shapes.dress(body, Surface(color, 0, 0.2, 0.0, STATIC))


def shelter(rng, names):
    """Make a bus shelter with its open side towards -y."""
    metal, width = _metal(rng)._replace(label=LABEL_IDS['building']), rng.uniform(3, 5)
    glass = Surface((0.3, 0.34, 0.34), 0, 1.2, 0.0, LABEL_IDS['building'])
    meshes = [_tube((x, y, 0), (x, y, 2.4), 0.05, metal)
              for x in (-width / 2, 0, width / 2) for y in (0, 1.3)]
    meshes.append(shapes.dress(shapes.box((width + 0.4, 1.8, 0.12), (0, 0.6, 2.45)), metal))
    meshes.append(shapes.dress(shapes.box((width, 0.03, 1.7), (0, 1.3, 1.25)), glass))
    meshes.append(shapes.dress(shapes.box((width * .6, 0.4, 0.06), (0, 1.0, 0.5)), metal))
    poster = Surface((1, 1, 1), names[f'poster{rng.integers(4)}'], 0.3, 0.1, metal.label)
    meshes.append(shapes.dress(shapes.box((0.1, 1.2, 1.8), (width / 2, 0.6, 1.2)), poster))
    return shapes.merge(meshes)


def hoarding(rng, names):
    """Make an advertisement on a stand."""
    wide, tall = rng.uniform(1, 3.5), rng.uniform(1.4, 2.4)
    poster = Surface((1, 1, 1), names[f'poster{rng.integers(4)}'], 0.2, 0.1, STATIC)
    frame = Surface((0.2, 0.2, 0.2), label=STATIC)
    return shapes.merge([
        shapes.dress(shapes.box((wide, 0.12, tall), (0, 0, tall / 2 + 0.6)), poster),
        shapes.dress(shapes.box((wide + 0.1, 0.1, tall + 0.1), (0, 0.04, tall / 2 + .6)), frame),
        shapes.dress(shapes.box((0.15, 0.1, 0.7), (0, 0.04, 0.3)), frame)])


MAKERS = {'lamp_post': (lamp_post, 8), 'signal': (traffic_signal, 6), 'sign': (traffic_sign, 12),
          'big_sign': (big_sign, 5), 'bollard': (bollard, 3), 'bin': (bin_, 5),
          'shelter': (shelter, 4), 'hoarding': (hoarding, 4)}


def make_furniture(names):
    """Return all furniture as models named <kind>_<number>."""
    models = []
    for kind, (maker, count) in MAKERS.items():
        for number in range(count):
            mesh = maker(np.random.default_rng([number, len(kind), 23]), names)
            low, high = shapes.bounds(mesh)
            models.append(Model(f'{kind}_{number}', kind, (Part(mesh),), tuple(high - low)))
    return models
