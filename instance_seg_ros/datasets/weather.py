# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Haze and night, which the augmentation library lacks or is slow at."""
from __future__ import annotations

import cv2
import numpy as np

from .camera_effects import CameraEffects

LAMP_COLOURS = ((1.1, .95, .75), (1., 1., 1.), (.85, .95, 1.15), (.9, 1.05, .9))
"""RGB factors of light at night: sodium, neutral, moon, mercury."""


def weather(image: np.ndarray, effects: CameraEffects, rng: np.random.Generator) -> np.ndarray:
    """Return an image, uint8 (H, W, 3) RGB, under the weather that `rng` draws."""
    if rng.random() < effects.haze[0]:
        image = haze(image, rng.uniform(*effects.haze[1:]), rng.uniform(.3, .55),
                     rng.uniform(170, 245))
    if rng.random() < effects.night[0]:
        colour = LAMP_COLOURS[rng.integers(len(LAMP_COLOURS))]
        image = night(image, rng.uniform(*effects.night[1:]), colour)
    return image


def haze(image: np.ndarray, strength: float, horizon: float, light: float) -> np.ndarray:
    """Mix an image with airlight, most at the horizon, less towards the camera and the zenith.

    Koschmieder's law with a transmission that depends on the row: 1 - strength at the horizon.

    Args:
        image: uint8 (H, W, 3) RGB.
        strength: share of airlight at the horizon, 0 to 1.
        horizon: its row as a share of the height.
        light: grey value of the airlight, 0 to 255.

    Returns:
        uint8 (H, W, 3).
    """
    row = (np.arange(len(image)) + .5) / len(image)
    below = np.clip((row - horizon) / max(1 - horizon, 1e-6), 0, 1)
    above = np.clip((horizon - row) / max(horizon, 1e-6), 0, 1)
    share = strength * ((1 - below) ** 2 * (1 - .4 * above)).astype(np.float32)
    mixed = image * (1 - share)[:, None, None] + light * share[:, None, None]
    return np.round(mixed).astype(np.uint8)


def night(image: np.ndarray, light: float, colour: tuple[float, float, float]) -> np.ndarray:
    """Darken all but the brightest parts, which are taken for lamps.

    Args:
        image: uint8 (H, W, 3) RGB.
        light: factor on dark and middle values, 0 to 1.
        colour: RGB factors of the light.

    Returns:
        uint8 (H, W, 3).
    """
    value = np.arange(256) / 255
    curve = value * (light + (1 - light) * value ** 6)
    table = np.clip(np.round(255 * curve[:, None] * np.array(colour)), 0, 255)
    return cv2.LUT(image, table.astype(np.uint8)[None])
