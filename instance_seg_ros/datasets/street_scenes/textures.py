# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The bank of drawn textures: one array of square RGBA layers which all meshes index.

Alpha means "cut out here" for leaves and twigs, and "not glass" for everything else.
Every layer repeats; how many metres one repeat covers is in `TILE`.
"""

from functools import lru_cache

import cv2
import numpy as np

from . import facades, foliage

SIZE = 512
TILE = {'asphalt': 6.0, 'asphalt_old': 8.0, 'concrete': 5.0, 'slabs': 2.4, 'grass': 5.0,
        'soil': 5.0, 'brick': 2.6, 'stone': 3.0, 'plaster': 5.0, 'roof': 4.0, 'bark': 1.0,
        'hedge': 2.5, 'gravel': 4.0, 'cobbles': 2.0}
FACADES, SHOPS, LEAVES, TWIGS, SIGNS = 16, 8, 6, 4, 12


def noise(rng, power=1.2, size=SIZE, stretch=(1.0, 1.0)):
    """Make repeating noise, size x size float in about -2..2, with a 1/f**power spectrum."""
    fy = np.fft.fftfreq(size)[:, None] * size * stretch[1]
    fx = np.fft.rfftfreq(size)[None] * size * stretch[0]
    radius = np.hypot(fx, fy)
    radius[0, 0] = np.inf
    spectrum = rng.normal(size=radius.shape) + 1j * rng.normal(size=radius.shape)
    field = np.fft.irfft2(spectrum / radius ** power, (size, size))
    return (field - field.mean()) / field.std()


def _shades(base, *terms):
    """Mix a base colour (0..255) with noise terms of (field, strength)."""
    value = sum(strength * field for field, strength in terms)
    image = np.asarray(base, float) * (1 + value[..., None])
    alpha = np.full(image.shape[:2] + (1,), 255.0)
    return np.concatenate([np.clip(image, 0, 255), alpha], -1).astype(np.uint8)


def _asphalt(rng, old):
    fine, coarse = noise(rng, 0.2), noise(rng, 1.6)
    image = _shades((128, 127, 126), (fine, 0.06), (coarse, 0.06 if old else 0.03))
    for _ in range(9 if old else 2):
        start = rng.uniform(0, SIZE, 2)
        steps = np.cumsum(rng.normal(0, 4, (25, 2)) + rng.normal(0, 5, 2), 0)
        shade = int(rng.uniform(88, 112))
        cv2.polylines(image, [np.int32(start + steps)], False, (shade, shade, shade, 255), 1)
    return image


def _rows(rng, base, joint, rows, columns, shift=0.5, spread=0.12):
    """Draw rows of bricks, slabs or tiles."""
    image = _shades(joint, (noise(rng, 0.5), 0.08))
    height, width = SIZE / rows, SIZE / columns
    grain = noise(rng, 0.6)[..., None]
    for r in range(rows):
        for c in range(-1, columns + 1):
            x = (c + shift * (r % 2)) * width
            corner = (int(x + 1), int(r * height + 1))
            other = (int(x + width - 2), int((r + 1) * height - 2))
            shade = np.clip(np.asarray(base) * (1 + rng.normal(0, spread)), 0, 255)
            cv2.rectangle(image, corner, other, (*shade.tolist(), 255), -1)
    image[..., :3] = np.clip(image[..., :3] * (1 + 0.06 * grain), 0, 255)
    return image


def _ground_layers(rng):
    fine, middle, coarse = noise(rng, 0.3), noise(rng, 0.9), noise(rng, 1.5)
    return {
        'white': np.full((SIZE, SIZE, 4), 255, np.uint8),
        'asphalt': _asphalt(rng, False),
        'asphalt_old': _asphalt(rng, True),
        'concrete': _shades((168, 164, 156), (middle, 0.05), (coarse, 0.05)),
        'slabs': _rows(rng, (165, 160, 152), (112, 108, 102), 4, 4, 0.5, 0.05),
        'cobbles': _rows(rng, (120, 116, 110), (74, 72, 68), 16, 16, 0.5, 0.14),
        'grass': _shades((84, 104, 48), (fine, 0.16), (middle, 0.14), (coarse, 0.1)),
        'soil': _shades((118, 98, 74), (fine, 0.1), (coarse, 0.14)),
        'gravel': _shades((140, 134, 124), (fine, 0.16), (coarse, 0.06)),
        'brick': _rows(rng, (150, 88, 68), (150, 140, 128), 32, 10),
        'stone': _rows(rng, (158, 146, 124), (120, 110, 96), 8, 5),
        'plaster': _shades((208, 202, 190), (middle, 0.025), (coarse, 0.03)),
        'roof': _rows(rng, (128, 76, 58), (70, 46, 38), 16, 16, 0.5, 0.1),
        'bark': _shades((98, 84, 70), (noise(rng, 1.0, stretch=(0.25, 1.5)), 0.22)),
        'water': _shades((60, 64, 66), (coarse, 0.1)),
    }


@lru_cache(maxsize=2)
def bank(seed):
    """Return {name: layer} and the (layers, SIZE, SIZE, 4) uint8 RGBA array of a seed."""
    rng = np.random.default_rng([seed, 71])
    layers = _ground_layers(rng)
    for i in range(FACADES):
        layers[f'facade{i}'] = facades.facade(rng, noise, SIZE)
    for i in range(SHOPS):
        layers[f'shop{i}'] = facades.shop(rng, noise, SIZE)
    for i in range(LEAVES):
        layers[f'leaves{i}'] = foliage.leaves(rng, SIZE, i)
    for i in range(TWIGS):
        layers[f'twigs{i}'] = foliage.twigs(rng, SIZE)
    layers['conifer'] = foliage.conifer(rng, SIZE)
    layers['hedge'] = foliage.hedge(rng, SIZE)
    layers['railing'] = facades.railing(SIZE)
    layers['blob'] = foliage.blob(SIZE)
    for i in range(SIGNS):
        layers[f'sign{i}'] = facades.sign(rng, SIZE, i)
    for i in range(4):
        layers[f'poster{i}'] = facades.poster(rng, noise, SIZE)
    return {name: i for i, name in enumerate(layers)}, np.stack(list(layers.values()))
