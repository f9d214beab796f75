# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Random crops of training samples, as another camera would take them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .camera_effects import CameraEffects, compose
from .pasting import drop_small
from .sample import Sample
from .weather import weather

MIN_AREA = 20
"""Instances of fewer pixels in a crop are left out."""


class Augmentation:
    """A random crop brought to one size, mirrored and disturbed; a pure function of the seed."""

    def __init__(self, size: Sequence[int], area: Sequence[float] = (.17, 1.),
                 aspect: Sequence[float] = (1.2, 3.), rich: float = .7,
                 diverse: float = 0., disturb: bool = True,
                 effects: CameraEffects | None = None, enlarge: float = 4.) -> None:
        """Compose the transforms.

        Args:
            size: (width, height) of the result.
            area: share of the frame that a crop covers (range).
            aspect: width / height of the crop (range); it differs from the result's, because
                frames of any aspect are squeezed to the network's input at run time.
            rich: how often the crop with the most instance pixels of four is taken instead of
                the first.
            diverse: how often the crop with the most classes of four is taken instead of the
                first.
            disturb: whether to mirror and to apply `effects`.
            effects: of camera and weather; the defaults of `CameraEffects` when None.
            enlarge: how much larger than in the frame a crop becomes at most, in length; small
                frames are taken whole rather than blown up.
        """
        self._size, self._area = tuple(size), area
        self._rich, self._diverse = rich, diverse
        self._log_aspect, self._enlarge = np.log(aspect), enlarge
        self._effects = (effects or CameraEffects()) if disturb else None
        self._compose = compose(self._effects) if disturb else None

    def __call__(self, sample: Sample, seed: int) -> Sample:
        """Return the disturbed sample; the same seed gives the same pixels."""
        rng = np.random.default_rng(seed)
        window = self._window(sample, rng)
        crop = sample.cropped(window).scaled(self._size)
        return self._disturbed(crop, rng, seed) if self._effects else _cleaned(crop)

    def _disturbed(self, crop: Sample, rng: np.random.Generator, seed: int) -> Sample:
        """Mirror a crop half of the time, and take it with another camera."""
        image = weather(crop.image, self._effects, rng)
        self._compose.set_random_seed(seed)
        out = self._compose(image=image, masks=[crop.classes, crop.instances])
        classes, instances = out['masks']
        return _cleaned(Sample(crop.name, out['image'], classes, instances))

    def _window(self, sample: Sample, rng: np.random.Generator):
        windows = [self._random_window(sample.instances.shape, rng) for _ in range(4)]
        choice = rng.random()
        if choice < self._rich:
            return max(windows, key=lambda w: np.count_nonzero(sample.instances[w][::4, ::4])
                       / sample.instances[w].size)
        if choice < self._rich + self._diverse:
            return max(windows, key=lambda w: len(np.unique(sample.classes[w][::4, ::4])))
        return windows[0]

    def _random_window(self, shape: tuple[int, int], rng: np.random.Generator):
        height, width = shape
        least = self._size[0] * self._size[1] / self._enlarge ** 2 / (height * width)
        low, high = self._area
        area = rng.uniform(min(max(low, least), high), high) * height * width
        aspect = np.exp(rng.uniform(*self._log_aspect))
        w = int(np.clip(np.sqrt(area * aspect), 16, width))
        h = int(np.clip(np.sqrt(area / aspect), 16, height))
        x, y = rng.integers(width - w + 1), rng.integers(height - h + 1)
        return np.s_[y:y + h, x:x + w]


def _cleaned(sample: Sample) -> Sample:
    return replace(sample, instances=drop_small(sample.instances, MIN_AREA))
