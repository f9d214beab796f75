# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From light to photograph: exposure, glare, lens, noise, sharpening, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass
class Sensor:
    """One camera's habits; drawn once for a scene or a video."""

    exposure: float = 1.0  # times the automatic exposure
    gains: tuple = (1.0, 1.0, 1.0)
    gamma: float = 0.45
    shoulder: float = 0.2
    contrast: float = 0.0
    saturation: float = 1.0
    glare: float = 0.03
    vignette: float = 0.1
    noise: float = 0.01
    blur: float = 0.0  # sigma in pixels at 1024 wide
    motion: float = 0.0  # pixels at 1024 wide
    sharpen: float = 0.3
    black: float = 0.0
    jpeg: int = 92
    distortion: float = 0.0


def random_sensor(rng, dark=0.0):
    """Draw a camera; `dark` 0..1 makes it noisier and underexposed."""
    cast = np.exp(rng.normal(0, 0.05, 3)) * np.exp(rng.normal(0, 0.06) * np.array([1, 0, -1]))
    return Sensor(
        exposure=float(np.exp(rng.normal(0.0, 0.35))) * (1 - 0.55 * dark),
        gains=tuple(cast / cast.mean()), gamma=float(rng.uniform(0.4, 0.55)),
        shoulder=float(rng.uniform(0.0, 0.5)), contrast=float(rng.uniform(0, 0.5)),
        saturation=float(rng.uniform(0.55, 1.15)), glare=float(rng.exponential(0.03)),
        vignette=float(rng.uniform(0, 0.3)),
        noise=float(rng.uniform(0.002, 0.014) * (1 + 2.5 * dark)),
        blur=float(rng.choice([0.0, 0.5, 0.8, 1.1, 1.5], p=[.2, .3, .25, .15, .1])),
        motion=float(rng.exponential(1.5) if rng.random() < 0.15 else 0.0),
        sharpen=float(rng.choice([0.0, 0.3, 0.7, 1.2], p=[.3, .35, .25, .1])),
        black=float(max(0.0, rng.normal(0.0, 0.02))),
        jpeg=int(rng.choice([95, 90, 80, 65, 50], p=[.35, .3, .2, .1, .05])),
        distortion=float(rng.normal(0, 0.05) if rng.random() < 0.4 else 0.0))


def automatic_exposure(light):
    """Return the gain that brings the street (lower three quarters) to a middle grey."""
    part = light[light.shape[0] // 4::8, ::8]
    luma = part @ np.float32([0.25, 0.6, 0.15])
    level = np.exp(np.log(luma + 1e-4).mean()) * 0.6 + luma.mean() * 0.4
    return 0.17 / max(float(level), 2e-3)


def lens_maps(size, fov, distortion):
    """Return remap coordinates (H, W) x and y of a barrel or pincushion lens."""
    width, height = size
    focal = width / 2 / np.tan(np.radians(fov) / 2)
    y, x = np.indices((height, width), np.float32)
    x, y = (x - (width - 1) / 2) / focal, (y - (height - 1) / 2) / focal
    corner = 1 + distortion * ((width / 2 / focal) ** 2 + (height / 2 / focal) ** 2)
    scale = (1 + distortion * (x * x + y * y)) / max(1.0, corner)
    return (x * scale * focal + (width - 1) / 2).astype(np.float32), \
        (y * scale * focal + (height - 1) / 2).astype(np.float32)


def develop(light, sensor, rng, exposure=None):
    """Turn (H, W, 3) linear light into an (H, W, 3) uint8 RGB photograph."""
    height, width = light.shape[:2]
    exposure = automatic_exposure(light) if exposure is None else exposure
    image = light * np.float32(exposure * sensor.exposure) * np.float32(sensor.gains)
    if sensor.glare > 0.004:
        small = cv2.resize(np.minimum(image, 8.0), (width // 8, height // 8),
                           interpolation=cv2.INTER_AREA)
        glow = cv2.GaussianBlur(small, (0, 0), width / 256)
        glow += 0.6 * cv2.GaussianBlur(small, (0, 0), width / 64)
        image += np.float32(sensor.glare) * cv2.resize(glow, (width, height))
    image = _optics(image, sensor)
    image = _noise(image, sensor, rng)
    image = _tone(image, sensor)
    return _jpeg(_sharpen(image, sensor), sensor.jpeg)


def _optics(image, sensor):
    height, width = image.shape[:2]
    zoom = width / 1024
    if sensor.blur * zoom > 0.25:
        image = cv2.GaussianBlur(image, (0, 0), sensor.blur * zoom)
    length = int(round(sensor.motion * zoom))
    if length > 1:
        image = cv2.blur(image, (length, 1))
    if sensor.vignette > 0.02:
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, width, dtype=np.float32)[None]
        image *= (1 - np.float32(sensor.vignette) * (x * x + y * y) / 2)[..., None]
    return image


def _noise(image, sensor, rng):
    """Shot noise grows with the root of light; read noise is everywhere."""
    grain = rng.standard_normal(image.shape, np.float32)
    if sensor.blur > 1.0:
        grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * 1.6
    image += grain * (sensor.noise * (0.35 + np.sqrt(np.clip(image, 0, 1))))
    return np.clip(image, 0, 6, out=image)


def _tone(image, sensor):
    """Camera curve: gamma with a soft shoulder and a little contrast, by table."""
    steps = np.linspace(0, 6, 6145, dtype=np.float32)
    curve = np.where(steps < 1, steps, 1 + (steps - 1) * 0.0)
    soft = 1 - np.exp(-steps * 1.25)
    curve = (1 - sensor.shoulder) * curve + sensor.shoulder * soft
    curve = np.clip(curve, 0, 1) ** sensor.gamma
    curve += sensor.contrast * 0.5 * curve * (1 - curve) * (2 * curve - 1) * 2
    curve = sensor.black + (1 - sensor.black) * curve
    code = (curve * 255).astype(np.float32)[(image * 1024).astype(np.int32)]
    gray = code @ np.float32([0.3, 0.59, 0.11])
    return gray[..., None] + np.float32(sensor.saturation) * (code - gray[..., None])


def _sharpen(image, sensor):
    if sensor.sharpen > 0.05:
        image = image + np.float32(sensor.sharpen) * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def _jpeg(image, quality):
    _, data = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
