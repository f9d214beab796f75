# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Skies with clouds, as light on a paraboloid.

The image's centre is the zenith and its inscribed circle the horizon; its upper edge lies
along +y. A mirror on the ground finds the sky's light with one division that way.
"""

from functools import lru_cache

import cv2
import numpy as np

from .textures import noise

SIZE = 512


@lru_cache(maxsize=1)
def _clouds():
    """Return eight repeating cloud fields, (8, 512, 512) float32."""
    rng = np.random.default_rng(5)
    return np.stack([noise(rng, power, SIZE) for power in (1.5, 1.6, 1.7, 1.8) * 2]
                    ).astype(np.float32)


@lru_cache(maxsize=1)
def _ways():
    """Return the directions of the sky's pixels, (512, 512, 3); row 0 looks along +y."""
    axis = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    u, v = np.meshgrid(axis, -axis)
    r2 = np.minimum(u * u + v * v, 1.4)
    return np.stack([2 * u, 2 * v, 1 - r2], -1).astype(np.float32) / (1 + r2)[..., None]


def _cloud_layer(rng, scale):
    ways = _ways()
    height = np.maximum(ways[..., 2], 0.0) + 0.12
    x = (ways[..., 0] / height * scale + rng.uniform(0, SIZE)) % SIZE
    y = (ways[..., 1] / height * scale + rng.uniform(0, SIZE)) % SIZE
    field = _clouds()[rng.integers(8)]
    return cv2.remap(field, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_WRAP)


def sun_at(rng, low, high):
    """Return a unit vector towards a sun between two heights in degrees."""
    height = np.radians(rng.uniform(low, high))
    azimuth = rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(height) * np.sin(azimuth), np.cos(height) * np.cos(azimuth),
                     np.sin(height)])


def paint_sky(rng, sun_way, top, bottom, cover, cloud, glow):
    """Blend a gradient, a glow around the sun and clouds; returns (512, 512, 3) float32 light.

    Colours are linear RGB; `cover` is the height (in standard deviations of the cloud field)
    above which there is cloud.
    """
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


def horizon_light(sky):
    """Return the mean light just above the horizon, (3,)."""
    height = _ways()[..., 2]
    return sky[(height > 0.02) & (height < 0.15)].mean(0)
