# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Trees, bushes and hedges of leaf cards, named so that train and val share none."""

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .scene import LABEL_IDS, Model, Part
from .textures import LEAVES, TWIGS

VEGETATION = LABEL_IDS['vegetation']


def _leaf_cards(rng, centers, size, crown, layer, color):
    """Make cards that face every way, lit as if they were part of a round crown."""
    count = len(centers)
    across, up = rng.normal(size=(2, count, 3))
    across /= np.linalg.norm(across, axis=1)[:, None]
    up -= across * (up * across).sum(1)[:, None]
    up /= np.linalg.norm(up, axis=1)[:, None]
    sizes = size * rng.uniform(0.7, 1.3, (count, 1))
    mesh = shapes.dress(shapes.cards(centers, across * sizes, up * sizes),
                        Surface((1, 1, 1), layer, -1.0, 0.0, VEGETATION))
    outward = centers - np.asarray(crown)
    outward = outward / np.maximum(np.linalg.norm(outward, axis=1), 1e-6)[:, None] + [0, 0, 0.3]
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    mesh.vertices[:, shapes.NORMAL] = np.repeat(outward, 4, 0)
    low, high = centers[:, 2].min(), centers[:, 2].max()
    inner = 0.55 + 0.45 * (centers[:, 2] - low) / max(high - low, 0.1)
    shade = (inner * rng.uniform(0.8, 1.15, count))[:, None] * np.square(color)
    mesh.vertices[:, shapes.COLOR] = np.repeat(shade, 4, 0)
    return mesh


def _ball(rng, count, center, radii, hollow=0.5):
    way = rng.normal(size=(count, 3))
    way /= np.linalg.norm(way, axis=1)[:, None]
    return np.asarray(center) + way * rng.uniform(hollow, 1, (count, 1)) * radii


def _trunk(rng, names, height, radius, boughs, reach):
    surface = Surface((0.8, 0.78, 0.75), names['bark'], 0.0, 0.0, VEGETATION)
    top = np.array([rng.normal(0, 0.2), rng.normal(0, 0.2), height])
    meshes = [shapes.tube((0, 0, -0.1), top, radius, radius * 0.6)]
    for _ in range(boughs):
        start = top * rng.uniform(0.55, 1.0)
        angle = rng.uniform(0, 2 * np.pi)
        end = start + [np.cos(angle) * reach * 0.7, np.sin(angle) * reach * 0.7,
                       reach * rng.uniform(0.5, 1.1)]
        meshes.append(shapes.tube(start, end, radius * 0.4, radius * 0.1, 5))
    return [shapes.dress(mesh, surface) for mesh in meshes]


def leafy_tree(rng, names):
    """Make a round or tall tree with leaves."""
    stem, crown = rng.uniform(1.8, 3.5), rng.uniform(2.2, 5.0)
    tall = crown * rng.uniform(0.8, 1.5)
    middle = np.array([0, 0, stem + tall * 0.8])
    layer = names[f'leaves{rng.choice(LEAVES, p=[.2, .2, .15, .25, .08, .12])}']
    color = np.clip(rng.uniform(0.6, 1.05) * rng.uniform(0.9, 1.1, 3), 0, 1.2)
    centers = []
    for _ in range(rng.integers(5, 9)):
        lump = _ball(rng, 1, middle, np.array([crown, crown, tall]) * 0.62, 0.2)[0]
        centers.append(_ball(rng, 26, lump, crown * 0.5 * np.ones(3)))
    cards = _leaf_cards(rng, np.concatenate(centers), crown * 0.24, middle, layer, color)
    return shapes.merge(_trunk(rng, names, stem + tall * 0.4, rng.uniform(0.09, 0.22), 5, crown)
                        + [cards])


def bare_tree(rng, names):
    """Make a tree in winter: boughs and cards of twigs."""
    stem, crown = rng.uniform(2.2, 4.0), rng.uniform(2.5, 5.0)
    meshes = _trunk(rng, names, stem + crown * 0.5, rng.uniform(0.09, 0.22), 9, crown * 0.7)
    layer = names[f'twigs{rng.integers(TWIGS)}']
    for _ in range(26):
        angle, lean = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.1)
        up = np.array([np.cos(angle) * np.sin(lean), np.sin(angle) * np.sin(lean), np.cos(lean)])
        across = np.cross(up, rng.normal(size=3))
        across /= np.linalg.norm(across)
        size = crown * rng.uniform(0.4, 0.6)
        start = np.array([0, 0, stem + crown * rng.uniform(-0.1, 0.5)]) + up * crown * 0.12
        card = shapes.cards((start + up * size)[None], across[None] * size, up[None] * size)
        meshes.append(shapes.dress(card, Surface((0.8, 0.8, 0.8), layer, -1.0, 0.0, VEGETATION)))
    return shapes.merge(meshes)


def conifer(rng, names):
    """Make a fir or cypress."""
    height, radius = rng.uniform(5, 13), rng.uniform(1.2, 2.6)
    color = rng.uniform(0.6, 1.2) * rng.uniform(0.9, 1.1, 3)
    meshes = _trunk(rng, names, height * 0.9, 0.18, 0, 1)
    centers, across, up = [], [], []
    for level in np.linspace(0.08, 0.97, 11):
        reach = radius * (1 - level) + 0.25
        for angle in np.arange(6) * np.pi / 3 + rng.uniform(0, 1):
            out = np.array([np.cos(angle), np.sin(angle), -0.45])
            centers.append([0, 0, level * height] + out * reach * 0.5)
            across.append(np.array([-np.sin(angle), np.cos(angle), 0]) * reach * 0.75)
            up.append(-out * reach * 0.6)
    cards = shapes.cards(np.array(centers), np.array(across), np.array(up))
    cards = shapes.dress(cards, Surface((1, 1, 1), names['conifer'], -1.0, 0.0, VEGETATION))
    cards.vertices[:, shapes.COLOR] = np.square(color)
    normals = np.array(centers) * [1, 1, 0] / radius + [0, 0, 0.5]
    cards.vertices[:, shapes.NORMAL] = np.repeat(
        normals / np.linalg.norm(normals, axis=1)[:, None], 4, 0)
    return shapes.merge(meshes + [cards])


def bush(rng, names):
    """Make a bush."""
    radii = np.array([rng.uniform(0.5, 1.6), rng.uniform(0.5, 1.2), rng.uniform(0.4, 1.1)])
    middle = np.array([0, 0, radii[2] * 0.8])
    layer = names[f'leaves{rng.integers(LEAVES)}']
    return _leaf_cards(rng, np.abs(_ball(rng, 40, middle, radii) * [1, 1, 1]) *
                       np.sign(rng.normal(size=(40, 3)) * [1, 1, 0] + [0, 0, 9]),
                       0.45, middle, layer, rng.uniform(0.6, 1.0) * np.ones(3))


MAKERS = {'leafy': (leafy_tree, 14), 'bare': (bare_tree, 8), 'conifer': (conifer, 6),
          'bush': (bush, 8)}


def make_plants(names):
    """Return all plants as models named tree_<kind>_<number>."""
    models = []
    for kind, (maker, count) in MAKERS.items():
        for number in range(count):
            mesh = maker(np.random.default_rng([number, len(kind), 17]), names)
            low, high = shapes.bounds(mesh)
            models.append(Model(f'tree_{kind}_{number}', kind, (Part(mesh),),
                                tuple(high - low)))
    return models
