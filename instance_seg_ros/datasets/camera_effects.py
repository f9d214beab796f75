# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One camera into many: what weather, lens, sensor and image processing do to an image."""
from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

from ..core.errors import UserError

os.environ.setdefault('NO_ALBUMENTATIONS_UPDATE', '1')  # it asks the network on import otherwise

Effect = tuple[float, float, float]
"""Probability (0 to 1), least and greatest strength."""


@dataclass(frozen=True)
class CameraEffects:
    """How often each effect is applied, and how strongly: (probability, least, greatest).

    Strengths, in the order in which light meets the effects:

    Attributes:
        haze: share of the light at the horizon that is haze, 0 to 1.
        night: factor on the light of all but lamps, 0 to 1.
        rain: factor on the brightness under the streaks.
        snow: share of the brightness range that turns white.
        shadow: darkness of a cast shadow, 0 to 1.
        vignette: loss of light away from the brightest point, 0 to 0.2.
        defocus, motion_blur: radius and length of the blur, pixels.
        exposure, gain: factor on all channels, and on each channel by itself.
        white_balance: colour temperature of the light, kelvin, 3000 to 15000.
        noise: standard deviation, share of the full range.
        gamma: exponent of the tone curve.
        contrast, saturation: factors.
        hue: turn, -0.5 to 0.5.
        cast: offset of each channel by itself, share of the full range, -1 to 1.
        grey: no strength: a camera without colour.
        downscale: factor of a reduction that is scaled up again.
        compression: JPEG quality, 1 to 100.
    """

    haze: Effect = (.1, .15, .75)
    night: Effect = (.06, .15, .5)
    rain: Effect = (.04, .65, .95)
    snow: Effect = (.03, .05, .25)
    shadow: Effect = (.12, .3, .6)
    vignette: Effect = (.1, .05, .2)
    defocus: Effect = (.06, 1, 3)
    motion_blur: Effect = (.1, 3, 9)
    exposure: Effect = (.5, .65, 1.4)
    gain: Effect = (.5, .72, 1.3)
    white_balance: Effect = (.1, 3000, 15000)
    noise: Effect = (.25, .01, .06)
    gamma: Effect = (.4, .6, 1.7)
    contrast: Effect = (.5, .7, 1.35)
    saturation: Effect = (.5, .2, 1.5)
    hue: Effect = (.3, -.03, .03)
    cast: Effect = (.15, -.1, .1)
    grey: Effect = (.03, 0, 0)
    downscale: Effect = (.1, .4, .8)
    compression: Effect = (.3, 25, 95)

    def __post_init__(self) -> None:
        """Raise UserError for an effect that is not three numbers in order."""
        for setting in fields(self):
            value = getattr(self, setting.name)
            good = len(value) == 3 and 0 <= value[0] <= 1 and value[1] <= value[2]
            if not good:
                raise UserError(f'Effect {setting.name}: a probability from 0 to 1, the least and '
                                f'the greatest strength are needed, not {list(value)}.')

    @classmethod
    def of(cls, settings: dict[str, Any]) -> CameraEffects:
        """Return the defaults with some effects changed; UserError for an unknown one."""
        known = [setting.name for setting in fields(cls)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise UserError(f'Unknown effect {", ".join(unknown)}; available: {", ".join(known)}.')
        try:
            return cls(**{name: tuple(map(float, value)) for name, value in settings.items()})
        except (TypeError, ValueError) as error:
            raise UserError(f'Effects are lists of three numbers: {error}') from error


def compose(effects: CameraEffects) -> Any:
    """Return albumentations' composition of all effects but haze and night, and a mirror image.

    The result takes image (uint8 RGB) and masks; call its `set_random_seed` before each sample.
    """
    import albumentations as A
    return A.Compose([A.HorizontalFlip(p=.5), *_scene(A, effects), *_lens(A, effects),
                      *_sensor(A, effects), *_processing(A, effects)], seed=0)


def _scene(A: Any, effects: CameraEffects) -> list:
    rain, snow, shadow = effects.rain, effects.snow, effects.shadow
    return [
        A.OneOf([A.RandomRain(brightness_coefficient=k, blur_value=3, rain_type=kind)
                 for k in rain[1:] for kind in ('drizzle', 'heavy')], p=rain[0]),
        A.RandomSnow(snow_point_range=snow[1:], method='bleach', p=snow[0]),
        A.RandomShadow((0, .4, 1, 1), (1, 2), 5, shadow_intensity_range=shadow[1:], p=shadow[0])]


def _lens(A: Any, effects: CameraEffects) -> list:
    vignette, defocus, motion = effects.vignette, effects.defocus, effects.motion_blur
    return [
        A.Illumination('gaussian', vignette[1:], 'darken', center_range=(.3, .7), p=vignette[0]),
        A.Defocus(tuple(map(int, defocus[1:])), (.1, .3), p=defocus[0]),
        A.MotionBlur(tuple(map(int, motion[1:])), p=motion[0])]


def _sensor(A: Any, effects: CameraEffects) -> list:
    exposure, gain, white = effects.exposure, effects.gain, effects.white_balance
    return [
        A.MultiplicativeNoise(exposure[1:], p=exposure[0]),
        A.MultiplicativeNoise(gain[1:], per_channel=True, p=gain[0]),
        A.PlanckianJitter(temperature_limit=tuple(map(int, white[1:])), p=white[0]),
        A.GaussNoise(std_range=effects.noise[1:], p=effects.noise[0])]


def _processing(A: Any, effects: CameraEffects) -> list:
    gamma, cast = effects.gamma, effects.cast
    shifts = [tuple(255 * v for v in cast[1:])] * 3
    return [
        A.RandomGamma(tuple(100 * v for v in gamma[1:]), p=gamma[0]),
        A.ColorJitter((1, 1), effects.contrast[1:], (1, 1), (0, 0), p=effects.contrast[0]),
        A.ColorJitter((1, 1), (1, 1), effects.saturation[1:], (0, 0), p=effects.saturation[0]),
        A.ColorJitter((1, 1), (1, 1), (1, 1), effects.hue[1:], p=effects.hue[0]),
        A.RGBShift(*shifts, p=cast[0]), A.ToGray(p=effects.grey[0]),
        A.Downscale(effects.downscale[1:], p=effects.downscale[0]),
        A.ImageCompression(quality_range=tuple(map(int, effects.compression[1:])),
                           p=effects.compression[0])]
