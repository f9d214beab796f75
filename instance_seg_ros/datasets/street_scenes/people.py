# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""People of our own making: joints in a pose, clothes around them."""

from typing import NamedTuple

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .scene import LABEL_IDS, Model, Part

SKIN = [(0.86, 0.68, 0.56), (0.78, 0.58, 0.45), (0.55, 0.38, 0.28), (0.36, 0.25, 0.19)]
HAIR = [(0.12, 0.09, 0.07), (0.28, 0.19, 0.12), (0.6, 0.48, 0.3), (0.5, 0.5, 0.5)]
CLOTH = [(0.1, 0.1, 0.12), (0.14, 0.16, 0.24), (0.3, 0.3, 0.32), (0.5, 0.1, 0.1),
         (0.75, 0.74, 0.7), (0.2, 0.3, 0.2), (0.45, 0.36, 0.26), (0.2, 0.3, 0.55),
         (0.7, 0.5, 0.2), (0.55, 0.55, 0.6), (0.85, 0.85, 0.2), (0.4, 0.2, 0.4)]
CLOTH_SHARE = np.array([6, 4, 3, 1.5, 2.5, 1, 1.5, 2, 0.7, 2, 0.5, 0.8])


class Clothes(NamedTuple):
    """Colours (sRGB) and cut of what somebody wears."""

    skin: tuple
    hair: tuple
    top: tuple
    legs: tuple
    shoes: tuple
    coat: float  # how far the top reaches down the thigh, 0..1
    skirt: bool
    helmet: bool
    bag: int  # 0 none, 1 rucksack, 2 shoulder bag


def random_clothes(rng, helmet=0.0):
    """Draw somebody's clothes."""
    def cloth():
        color = np.array(CLOTH[rng.choice(len(CLOTH), p=CLOTH_SHARE / CLOTH_SHARE.sum())])
        return tuple(np.clip(color * rng.uniform(0.7, 1.3), 0, 1))
    legs = (0.16, 0.2, 0.32) if rng.random() < 0.4 else cloth()
    return Clothes(SKIN[rng.choice(4, p=[.5, .25, .15, .1])], HAIR[rng.integers(4)], cloth(),
                   legs, (0.12, 0.1, 0.1), float(rng.choice([0.1, 0.25, 0.8], p=[.5, .3, .2])),
                   bool(rng.random() < 0.15), bool(rng.random() < helmet),
                   int(rng.choice(3, p=[.65, .15, .2])))


def standing(rng, walk):
    """Return joints of a 1.75 m person; `walk` 0 stands, 1 strides. x right, y forward."""
    phase = rng.uniform(0, 2 * np.pi)
    joints = {'hip': np.array([0, 0, 0.93]), 'neck': np.array([0, 0.03 + 0.02 * walk, 1.46])}
    for side, sign in (('l', -1), ('r', 1)):
        swing = sign * np.sin(phase) * 0.5 * walk + rng.normal(0, 0.04)
        bend = walk * max(0.0, sign * np.cos(phase)) * 0.6
        hip = joints['hip'] + [sign * 0.09, 0, -0.02]
        knee = hip + 0.43 * np.array([0, np.sin(swing), -np.cos(swing)])
        low = swing - bend
        foot = knee + 0.43 * np.array([0, np.sin(low), -np.cos(low)])
        shoulder = joints['neck'] + [sign * 0.19, 0, -0.06]
        arm = -swing * 0.8 + rng.normal(0, 0.08)
        elbow = shoulder + 0.29 * np.array([sign * 0.15, np.sin(arm), -np.cos(arm)])
        fold = arm + rng.choice([0.15, 0.4, 1.5], p=[.6, .3, .1])
        hand = elbow + 0.26 * np.array([-sign * 0.05, np.sin(fold), -np.cos(fold)])
        joints.update({f'hip_{side}': hip, f'knee_{side}': knee, f'foot_{side}': foot,
                       f'shoulder_{side}': shoulder, f'elbow_{side}': elbow,
                       f'hand_{side}': hand})
    lowest = min(joints['foot_l'][2], joints['foot_r'][2]) - 0.05
    return {name: place - [0, 0, lowest] for name, place in joints.items()}


def seated(hip, neck, hands, feet):
    """Return joints of a rider; hands and feet are (y, z) with their half-width x first."""
    joints = {'hip': np.asarray(hip, float), 'neck': np.asarray(neck, float)}
    for side, sign, foot in (('l', -1, feet[0]), ('r', 1, feet[1])):
        joints[f'hip_{side}'] = joints['hip'] + [sign * 0.09, 0, 0]
        joints[f'foot_{side}'] = np.asarray(foot, float) * [sign, 1, 1]
        joints[f'shoulder_{side}'] = joints['neck'] + [sign * 0.19, 0, -0.06]
        joints[f'hand_{side}'] = np.asarray(hands, float) * [sign, 1, 1]
        joints[f'knee_{side}'] = _hinge(joints[f'hip_{side}'], joints[f'foot_{side}'], 0.44,
                                        [0, 1, 0.5])
        joints[f'elbow_{side}'] = _hinge(joints[f'shoulder_{side}'], joints[f'hand_{side}'],
                                         0.3, [sign * 0.6, -0.2, -1])
    return joints


def _hinge(start, end, length, way):
    """Bend a limb of two equal parts towards `way`."""
    axis = end - start
    way = np.asarray(way, float) - axis * (np.dot(way, axis) / max(axis @ axis, 1e-6))
    reach = np.sqrt(max(length ** 2 - (axis @ axis) / 4, 0.0))
    return (start + end) / 2 + way / np.linalg.norm(way) * reach


def _limb(points, radii, surface, sides=7):
    meshes = [shapes.tube(a, b, ra, rb, sides) for a, b, ra, rb
              in zip(points[:-1], points[1:], radii[:-1], radii[1:])]
    meshes += [shapes.ellipsoid((r, r, r), p, 5, sides) for p, r in zip(points[1:], radii[1:])]
    return shapes.dress(shapes.merge(meshes), surface)


def _torso(joints, clothes, surface):
    hip, neck = joints['hip'], joints['neck']
    levels = [-0.12 - 0.3 * clothes.coat, -0.05, 0.25, 0.6, 0.86, 0.97, 1.03]
    wide = [0.18 + 0.03 * clothes.coat, 0.17, 0.155, 0.185, 0.20, 0.12, 0.05]
    deep = [0.13 + 0.02 * clothes.coat, 0.125, 0.11, 0.125, 0.11, 0.07, 0.05]
    axis = (neck - hip) / np.linalg.norm(neck - hip)
    front = np.cross([1.0, 0, 0], axis) * -1
    angle = np.linspace(0, 2 * np.pi, 13)[:, None]
    rings = []
    for level, w, d in zip(levels, wide, deep):
        down = np.array([0, 0.02, -1.0]) if level < 0 and abs(axis[2]) > 0.9 else axis
        center = hip + (neck - hip) * max(level, 0) + abs(min(level, 0)) * 0.55 * (
            down if down is not axis else -axis)
        rings.append(center + np.cos(angle) * [w, 0, 0] - np.sin(angle) * front * d)
    return shapes.dress(shapes.grid(np.stack(rings)), surface)


def person_mesh(joints, clothes, label, scale=1.0):
    """Dress joints; returns a Mesh with the given label id."""
    top = Surface(clothes.top, label=label)
    skin, legs = Surface(clothes.skin, label=label), Surface(clothes.legs, label=label)
    shoes = Surface(clothes.shoes, label=label)
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
    meshes += _head(joints['neck'], clothes, skin, label)
    if clothes.bag == 1:
        middle = joints['neck'] * 0.65 + joints['hip'] * 0.35 + [0, -0.2, 0]
        meshes.append(shapes.dress(shapes.ellipsoid((0.15, 0.1, 0.22), middle, 6, 10),
                                   Surface(tuple(np.array(clothes.legs) * 0.7), label=label)))
    elif clothes.bag == 2:
        meshes.append(shapes.dress(shapes.box((0.1, 0.3, 0.26), joints['hip'] + [0.26, 0, -.05]),
                                   Surface(clothes.shoes, label=label)))
    return shapes.move(shapes.merge(meshes), scale=scale)


def _head(neck, clothes, skin, label):
    head = neck + [0, 0.04, 0.2]
    meshes = [shapes.dress(shapes.tube(neck - [0, 0, 0.04], head, 0.055, sides=7), skin),
              shapes.dress(shapes.ellipsoid((0.078, 0.095, 0.118), head, 7, 10), skin)]
    if clothes.helmet:
        color = tuple(np.clip(np.array(clothes.top) * 1.5 + 0.05, 0, 1))
        meshes.append(shapes.dress(shapes.ellipsoid((0.12, 0.14, 0.12), head + [0, -.01, .05]),
                                   Surface(color, 0, 0.5, label=label)))
    else:
        hair = Surface(clothes.hair, label=label)
        meshes.append(shapes.dress(shapes.ellipsoid((0.088, 0.1, 0.1), head + [0, -.025, .04]),
                                   hair))
        if sum(clothes.hair) > 0.45:
            meshes.append(shapes.dress(shapes.ellipsoid(
                (0.085, 0.06, 0.15), head + [0, -0.06, -0.06], 6, 8), hair))
    return meshes


def make_people(count=48):
    """Return our own people as models named person_<number>."""
    models = []
    for number in range(count):
        rng = np.random.default_rng([number, 5])
        child = number % 12 == 11
        scale = rng.uniform(0.55, 0.8) if child else rng.uniform(0.9, 1.08)
        joints = standing(rng, 0.0 if number % 3 == 0 else rng.uniform(0.6, 1.0))
        mesh = person_mesh(joints, random_clothes(rng), LABEL_IDS['person'], scale)
        low, high = shapes.bounds(mesh)
        models.append(Model(f'person_{number}', 'person', (Part(mesh),), tuple(high - low)))
    return models
