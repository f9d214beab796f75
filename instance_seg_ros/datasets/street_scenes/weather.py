# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sun, overcast, dusk, night, rain and haze: how much light, of which colour, from where."""

from typing import NamedTuple

import numpy as np

from .scene import Weather
from .skies import horizon_light, paint_sky, sun_at

KINDS = {'clear': 0.2, 'cloudy': 0.24, 'overcast': 0.22, 'white': 0.12, 'low_sun': 0.08,
         'dusk': 0.08, 'night': 0.06}


class _Colors(NamedTuple):
    """A day's sunlight, blue of the sky and grey of clouds, linear RGB."""

    warm: np.ndarray
    blue: np.ndarray
    gray: np.ndarray


class _Light(NamedTuple):
    sun_way: np.ndarray
    sun: np.ndarray
    sky: np.ndarray
    ambient: np.ndarray
    wet: float = 0.0
    fog: float | None = None
    night: float = 0.0


def _fair(rng, colors, sun_way, clear):
    cover = rng.uniform(1.4, 2.6) if clear else rng.uniform(-0.3, 0.9)
    sun = colors.warm * rng.uniform(2.5, 5.0) * (1.0 if clear else rng.uniform(0.5, 1))
    sky = paint_sky(rng, sun_way, colors.blue * 0.5, np.array([0.75, 0.88, 1.05]), cover,
                    colors.gray * rng.uniform(1.0, 1.6), colors.warm * 0.8)
    return _Light(sun_way, sun, sky, np.array([0.62, 0.72, 0.92]) * rng.uniform(0.7, 1.2))


def _covered(rng, colors, sun_way, white):
    """Grey or, as cameras see it against a dark street, blindingly white."""
    sun = colors.warm * rng.uniform(0.0, 1.2 if white else 0.35)
    level = rng.uniform(1.8, 3.0) if white else rng.uniform(0.7, 1.3)
    contrast = 0.95 if white else rng.uniform(0.4, 0.9)
    sky = paint_sky(rng, sun_way, colors.gray * level, colors.gray * level, rng.uniform(-1, 0.2),
                    colors.gray * level * contrast, colors.warm * 0.15)
    ambient = colors.gray * rng.uniform(0.75, 1.0)
    wet = 0.0 if white else _rain(rng, 0.35)
    fog = 10 ** rng.uniform(-3.7, -2.1) if rng.random() < 0.4 else None
    return _Light(sun_way, sun, sky, ambient, wet, fog)


def _low_sun(rng, colors):
    sun_way = sun_at(rng, 7, 20)
    sun = np.array([1.0, 0.72, 0.42]) * rng.uniform(2.0, 4.0)
    sky = paint_sky(rng, sun_way, colors.blue * 0.4, np.array([1.0, 0.8, 0.6]),
                    rng.uniform(0.2, 2), np.array([1.1, 0.9, 0.75]), colors.warm * 2.0)
    return _Light(sun_way, sun, sky, np.array([0.55, 0.6, 0.75]))


def _dusk(rng, sun_way):
    night, level = rng.uniform(0.1, 0.4), rng.uniform(0.12, 0.35)
    sky = paint_sky(rng, sun_at(rng, 0, 4), np.array([0.25, 0.35, 0.7]) * level,
                    np.array([0.9, 0.7, 0.6]) * level, rng.uniform(0, 1.5),
                    np.array([0.5, 0.5, 0.6]) * level, np.array([1, 0.6, 0.3]) * level)
    return _Light(sun_way, np.zeros(3), sky, np.array([0.45, 0.5, 0.65]) * level,
                  _rain(rng, 0.3), None, night)


def _night(rng, colors, sun_way):
    night, level = rng.uniform(0.2, 0.5), rng.uniform(0.008, 0.03)
    sky = paint_sky(rng, sun_way, np.array([0.5, 0.5, 0.7]) * level,
                    np.array([1.0, 0.75, 0.5]) * level, 0.5, colors.gray * level, np.zeros(3))
    return _Light(sun_way, np.zeros(3), sky, np.array([0.8, 0.75, 0.8]) * level,
                  _rain(rng, 0.4), None, night)


def _rain(rng, chance):
    """Return how wet the road is, 0 for dry."""
    return float(rng.random() < chance) * rng.uniform(0.4, 1.0)


def make_weather(rng, kind=None):
    """Draw a random weather; `kind` one of KINDS."""
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    colors = _Colors(np.array([1.0, 0.93, 0.82]) * rng.uniform(0.97, 1.03, 3),
                     np.array([0.2, 0.38, 0.85]) * rng.uniform(0.9, 1.1, 3),
                     np.array([1.0, 1.02, 1.06]) * rng.uniform(0.96, 1.04, 3))
    haze, sun_way = 10 ** rng.uniform(-4.0, -2.9), sun_at(rng, 22, 65)
    if kind in ('clear', 'cloudy'):
        light = _fair(rng, colors, sun_way, kind == 'clear')
    elif kind in ('overcast', 'white'):
        light = _covered(rng, colors, sun_way, kind == 'white')
    elif kind == 'low_sun':
        light = _low_sun(rng, colors)
    else:
        light = _dusk(rng, sun_way) if kind == 'dusk' else _night(rng, colors, sun_way)
    ground = light.ambient * 0.22 + light.sun * max(light.sun_way[2], 0) * 0.07
    disc = 2.0 if np.max(light.sun) > 1 and kind not in ('overcast', 'white') else 0.0
    return Weather(kind, light.sky, light.sun_way, light.sun, light.ambient,
                   ground * [1.0, 0.96, 0.9], horizon_light(light.sky) * 0.9,
                   haze if light.fog is None else light.fog, light.wet, light.night, disc)
