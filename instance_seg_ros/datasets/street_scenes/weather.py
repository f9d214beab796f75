# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sun, overcast, dusk, night, rain and haze: skies with clouds and the light they give."""

from functools import lru_cache

import cv2
import numpy as np

from .scene import Weather

SKY = 512
KINDS = {'clear': 0.2, 'cloudy': 0.24, 'overcast': 0.22, 'white': 0.12, 'low_sun': 0.08,
         'dusk': 0.08, 'night': 0.06}


@lru_cache(maxsize=1)
def _clouds():
    """Return eight repeating cloud fields, (8, 512, 512) float32."""
    rng = np.random.default_rng(5)
    from .textures import noise
    return np.stack([noise(rng, power, SKY) for power in (1.5, 1.6, 1.7, 1.8) * 2]
                    ).astype(np.float32)


@lru_cache(maxsize=1)
def _ways():
    """Return the directions of the sky's pixels, (512, 512, 3); row 0 looks along +y."""
    axis = (np.arange(SKY) + 0.5) / SKY * 2 - 1
    u, v = np.meshgrid(axis, -axis)
    r2 = np.minimum(u * u + v * v, 1.4)
    return np.stack([2 * u, 2 * v, 1 - r2], -1).astype(np.float32) / (1 + r2)[..., None]


def _cloud_layer(rng, scale):
    ways = _ways()
    height = np.maximum(ways[..., 2], 0.0) + 0.12
    x = (ways[..., 0] / height * scale + rng.uniform(0, SKY)) % SKY
    y = (ways[..., 1] / height * scale + rng.uniform(0, SKY)) % SKY
    field = _clouds()[rng.integers(8)]
    return cv2.remap(field, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_WRAP)


def _sun_way(rng, low, high):
    height = np.radians(rng.uniform(low, high))
    azimuth = rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(height) * np.sin(azimuth), np.cos(height) * np.cos(azimuth),
                     np.sin(height)])


def _paint_sky(rng, sun_way, top, bottom, cover, cloud, glow):
    """Blend a gradient, a glow around the sun and clouds; all colours linear RGB."""
    ways = _ways()
    up = np.clip(ways[..., 2:], 0, 1)
    sky = np.asarray(bottom) + (np.asarray(top) - np.asarray(bottom)) * up ** 0.45
    near = np.clip(ways @ sun_way.astype(np.float32), 0, 1)[..., None]
    sky = sky + glow * (near ** 6 * 0.35 + near ** 40)
    field = _cloud_layer(rng, rng.uniform(18, 60)) + 0.35 * _cloud_layer(rng, 150)
    edge = rng.uniform(0.25, 0.9)
    amount = np.clip((field - cover) / edge, 0, 1)[..., None]
    thick = np.clip((field - cover) / (3 * edge), 0, 1)[..., None]
    bright = np.asarray(cloud) * (1.15 - 0.6 * thick) * (1 + 0.6 * near ** 8 * np.max(glow))
    return (sky * (1 - amount) + bright * amount).astype(np.float32)


def make_weather(rng, kind=None):
    """Draw a random weather; `kind` one of KINDS."""
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    warm = np.array([1.0, 0.93, 0.82]) * rng.uniform(0.97, 1.03, 3)
    blue = np.array([0.2, 0.38, 0.85]) * rng.uniform(0.9, 1.1, 3)
    gray = np.array([1.0, 1.02, 1.06]) * rng.uniform(0.96, 1.04, 3)
    wet, fog, night = 0.0, 10 ** rng.uniform(-4.0, -2.9), 0.0
    sun_way = _sun_way(rng, 22, 65)
    if kind in ('clear', 'cloudy'):
        cover = rng.uniform(1.4, 2.6) if kind == 'clear' else rng.uniform(-0.3, 0.9)
        sun = warm * rng.uniform(2.5, 5.0) * (1.0 if kind == 'clear' else rng.uniform(0.5, 1))
        sky = _paint_sky(rng, sun_way, blue * 0.5, np.array([0.75, 0.88, 1.05]), cover,
                         gray * rng.uniform(1.0, 1.6), warm * 0.8)
        ambient = np.array([0.62, 0.72, 0.92]) * rng.uniform(0.7, 1.2)
    elif kind in ('overcast', 'white'):
        sun = warm * rng.uniform(0.0, 0.35 if kind == 'overcast' else 1.2)
        level = rng.uniform(0.7, 1.3) if kind == 'overcast' else rng.uniform(1.8, 3.0)
        contrast = rng.uniform(0.4, 0.9) if kind == 'overcast' else 0.95
        sky = _paint_sky(rng, sun_way, gray * level, gray * level, rng.uniform(-1, 0.2),
                         gray * level * contrast, warm * 0.15)
        ambient = gray * rng.uniform(0.75, 1.0)
        wet = float(rng.random() < 0.35) * rng.uniform(0.4, 1.0) if kind == 'overcast' else 0.0
        fog = 10 ** rng.uniform(-3.7, -2.1) if rng.random() < 0.4 else fog
    elif kind == 'low_sun':
        sun_way = _sun_way(rng, 7, 20)
        sun = np.array([1.0, 0.72, 0.42]) * rng.uniform(2.0, 4.0)
        sky = _paint_sky(rng, sun_way, blue * 0.4, np.array([1.0, 0.8, 0.6]),
                         rng.uniform(0.2, 2), np.array([1.1, 0.9, 0.75]), warm * 2.0)
        ambient = np.array([0.55, 0.6, 0.75])
    elif kind == 'dusk':
        sun, night = warm * 0.0, rng.uniform(0.1, 0.4)
        level = rng.uniform(0.12, 0.35)
        sky = _paint_sky(rng, _sun_way(rng, 0, 4), np.array([0.25, 0.35, 0.7]) * level,
                         np.array([0.9, 0.7, 0.6]) * level, rng.uniform(0, 1.5),
                         np.array([0.5, 0.5, 0.6]) * level, np.array([1, 0.6, 0.3]) * level)
        ambient = np.array([0.45, 0.5, 0.65]) * level
        wet = float(rng.random() < 0.3) * rng.uniform(0.4, 1.0)
    else:
        sun, night, level = warm * 0.0, rng.uniform(0.2, 0.5), rng.uniform(0.008, 0.03)
        sky = _paint_sky(rng, sun_way, np.array([0.5, 0.5, 0.7]) * level,
                         np.array([1.0, 0.75, 0.5]) * level, 0.5, gray * level, warm * 0)
        ambient = np.array([0.8, 0.75, 0.8]) * level
        wet = float(rng.random() < 0.4) * rng.uniform(0.4, 1.0)
    above = _ways()[..., 2] > 0.02
    horizon = sky[above & (_ways()[..., 2] < 0.15)].mean(0)
    ground = ambient * 0.22 + sun * max(sun_way[2], 0) * 0.07
    return Weather(kind, sky, sun_way, sun, ambient, ground * [1.0, 0.96, 0.9],
                   horizon * 0.9, fog, wet, night,
                   float(np.max(sun) > 1) * (0.0 if kind in ('overcast', 'white') else 2.0))
