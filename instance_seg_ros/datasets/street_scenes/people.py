# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Body and clothes of a person around its joints; `poses` has the joint positions."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .poses import Gait
from .scene import LABEL_IDS, Model, Part

SKIN = [(0.86, 0.68, 0.56), (0.78, 0.58, 0.45), (0.55, 0.38, 0.28), (0.36, 0.25, 0.19)]
HAIR = [(0.12, 0.09, 0.07), (0.28, 0.19, 0.12), (0.6, 0.48, 0.3), (0.5, 0.5, 0.5)]
CLOTH = [(0.1, 0.1, 0.12), (0.14, 0.16, 0.24), (0.3, 0.3, 0.32), (0.5, 0.1, 0.1),
         (0.75, 0.74, 0.7), (0.2, 0.3, 0.2), (0.45, 0.36, 0.26), (0.2, 0.3, 0.55),
         (0.7, 0.5, 0.2), (0.55, 0.55, 0.6), (0.85, 0.85, 0.2), (0.4, 0.2, 0.4)]
CLOTH_SHARE = np.array([6, 4, 3, 1.5, 2.5, 1, 1.5, 2, 0.7, 2, 0.5, 0.8])
PHASES = 8  # images of one double step


class Clothes(NamedTuple):
    """Colours (sRGB) and cut of a person's clothes."""

    skin: tuple
    hair: tuple
    top: tuple
    legs: tuple
    shoes: tuple
    coat: float  # how far the top reaches down the thigh, 0..1
    skirt: bool
    helmet: bool
    bag: int  # 0 none, 1 rucksack, 2 shoulder bag


def random_cloth(rng):
    """Draw the colour of a garment, sRGB."""
    color = np.array(CLOTH[rng.choice(len(CLOTH), p=CLOTH_SHARE / CLOTH_SHARE.sum())])
    return tuple(np.clip(color * rng.uniform(0.7, 1.3), 0, 1))


def random_skin(rng):
    """Draw a skin colour, sRGB."""
    return SKIN[rng.choice(4, p=[.5, .25, .15, .1])]


def random_clothes(rng, helmet=0.0):
    """Choose the clothes of a person at random."""
    top = random_cloth(rng)
    legs = (0.16, 0.2, 0.32) if rng.random() < 0.4 else random_cloth(rng)
    return Clothes(random_skin(rng), HAIR[rng.integers(4)], top, legs, (0.12, 0.1, 0.1),
                   float(rng.choice([0.1, 0.25, 0.8], p=[.5, .3, .2])),
                   bool(rng.random() < 0.15), bool(rng.random() < helmet),
                   int(rng.choice(3, p=[.65, .15, .2])))


def _limb(points, radii, surface, sides=7):
    meshes = [shapes.tube(points[i], points[i + 1], radii[i], radii[i + 1], sides)
              for i in range(len(points) - 1)]
    meshes += [shapes.ellipsoid((radii[i],) * 3, points[i], 5, sides)
               for i in range(1, len(points))]
    return shapes.dress(shapes.merge(meshes), surface)


#        along the spine, half width, half depth
_TORSO = ((-0.05, 0.17, 0.125), (0.25, 0.155, 0.11), (0.6, 0.185, 0.125), (0.86, 0.20, 0.11),
          (0.97, 0.12, 0.07), (1.03, 0.05, 0.05))


def _torso(joints, clothes, surface):
    hip, neck = joints['hip'], joints['neck']
    spine = neck - hip
    front = np.cross([-1.0, 0, 0], spine / np.linalg.norm(spine))
    hem = (-0.12 - 0.3 * clothes.coat, 0.18 + 0.03 * clothes.coat, 0.13 + 0.02 * clothes.coat)
    angle = np.linspace(0, 2 * np.pi, 13)[:, None]
    rings = [hip + spine * level + np.cos(angle) * [wide, 0, 0] - np.sin(angle) * front * deep
             for level, wide, deep in (hem,) + _TORSO]
    return shapes.dress(shapes.grid(np.stack(rings)), surface)


def person_mesh(joints, clothes, label, scale=1.0):
    """Dress joints; returns a Mesh with the given label id."""
    top, legs = Surface(clothes.top, label=label), Surface(clothes.legs, label=label)
    skin, shoes = Surface(clothes.skin, label=label), Surface(clothes.shoes, label=label)
    meshes = [_torso(joints, clothes, top)]
    for side in 'lr':
        points = [joints[f'{part}_{side}'] for part in ('hip', 'knee', 'foot')]
        meshes.append(_limb(points, [0.095, 0.065, 0.05], skin if clothes.skirt else legs))
        meshes.append(shapes.dress(shapes.ellipsoid(
            (0.05, 0.13, 0.05), points[2] + [0, 0.06, -0.01], 5, 8), shoes))
        points = [joints[f'{part}_{side}'] for part in ('shoulder', 'elbow', 'hand')]
        meshes.append(_limb(points, [0.065, 0.052, 0.04], top))
        meshes.append(shapes.dress(shapes.ellipsoid((0.04, 0.045, 0.055), points[2], 5, 6), skin))
    if clothes.skirt:
        hip = joints['hip']
        skirt = shapes.tube(hip + [0, 0, 0.05], hip - [0, 0, 0.42], 0.15, 0.24, 12)
        meshes.append(shapes.dress(skirt, legs))
    meshes += _head(joints['neck'], clothes, skin, label) + _bag(joints, clothes, label)
    return shapes.move(shapes.merge(meshes), scale=scale)


def _bag(joints, clothes, label):
    if clothes.bag == 1:
        middle = joints['neck'] * 0.65 + joints['hip'] * 0.35 + [0, -0.2, 0]
        dark = tuple(np.array(clothes.legs) * 0.7)
        return [shapes.dress(shapes.ellipsoid((0.15, 0.1, 0.22), middle, 6, 10),
                             Surface(dark, label=label))]
    if clothes.bag == 2:
        return [shapes.dress(shapes.box((0.1, 0.3, 0.26), joints['hip'] + [0.26, 0, -.05]),
                             Surface(clothes.shoes, label=label))]
    return []


def _head(neck, clothes, skin, label):
    head = neck + [0, 0.04, 0.2]
    meshes = [shapes.dress(shapes.tube(neck - [0, 0, 0.04], head, 0.055, sides=7), skin),
              shapes.dress(shapes.ellipsoid((0.078, 0.095, 0.118), head, 7, 10), skin)]
    if clothes.helmet:
        color = tuple(np.clip(np.array(clothes.top) * 1.5 + 0.05, 0, 1))
        meshes.append(shapes.dress(shapes.ellipsoid((0.12, 0.14, 0.12), head + [0, -.01, .05]),
                                   Surface(color, 0, 0.5, label=label)))
        return meshes
    hair = Surface(clothes.hair, label=label)
    meshes.append(shapes.dress(shapes.ellipsoid((0.088, 0.1, 0.1), head + [0, -.025, .04]), hair))
    if sum(clothes.hair) > 0.45:
        meshes.append(shapes.dress(shapes.ellipsoid((0.085, 0.06, 0.15), head + [0, -0.06, -0.06],
                                                    6, 8), hair))
    return meshes


@lru_cache(maxsize=1024)
def walker(number, phase=None):
    """Return person `number` in one of the PHASES of a step (None: one of its own)."""
    rng = np.random.default_rng([number, 5])
    scale = rng.uniform(0.55, 0.8) if number % 12 == 11 else rng.uniform(0.9, 1.08)
    clothes = random_clothes(rng)
    gait = Gait.random(rng, 0.0 if number % 3 == 0 else rng.uniform(0.6, 1.0))
    own = rng.uniform(0, 1)
    joints = gait.joints(own if phase is None else phase / PHASES)
    mesh = person_mesh(joints, clothes, LABEL_IDS['person'], scale)
    low, high = shapes.bounds(mesh)
    return Model(f'person_{number}', 'person', (Part(mesh),), tuple(high - low),
                 walks=number if gait.walk else None)


def make_people(count=48):
    """Return our own people as models named person_<number>."""
    return [walker(number) for number in range(count)]
