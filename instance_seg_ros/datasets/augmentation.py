# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Random crops and disturbances of training samples, through albumentations."""
from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from .pasting import drop_small
from .sample import Sample

os.environ.setdefault('NO_ALBUMENTATIONS_UPDATE', '1')  # it asks the network on import otherwise


class Augmentation:
    """A random crop brought to one size, mirrored and disturbed; a pure function of the seed.

    size: (width, height) of the result. area: share of the frame that a crop covers (range).
    aspect: width / height of the crop (range); it differs from the result's, because frames of
    any aspect are squeezed to the network's input at run time. rich, diverse: how often the crop
    with the most instance pixels, or the most classes, of four is taken instead of the first.
    disturb: whether to mirror, and to change colours, light, sharpness and noise.
    """

    def __init__(self, size: Sequence[int], area: Sequence[float] = (.17, 1.),
                 aspect: Sequence[float] = (1.2, 3.), rich: float = .7,
                 diverse: float = 0., disturb: bool = True) -> None:
        """Compose the transforms."""
        import albumentations as A
        self._size, self._area = tuple(size), area
        self._rich, self._diverse = rich, diverse
        self._log_aspect = np.log(aspect)
        self._disturb = A.Compose([
            A.HorizontalFlip(p=.5),
            A.ColorJitter(brightness=(.7, 1.35), contrast=(.7, 1.35), saturation=(.5, 1.4),
                          hue=(-.03, .03), p=.6),
            A.RandomGamma((75, 160), p=.3),
            A.RandomShadow((0, .4, 1, 1), (1, 2), 5, shadow_intensity_range=(.3, .6), p=.15),
            A.OneOf([A.GaussianBlur((3, 5)), A.MotionBlur((3, 7))], p=.2),
            A.GaussNoise(std_range=(.01, .05), p=.25),
            A.ImageCompression(quality_range=(35, 95), p=.3),
            A.ToGray(p=.02),
        ] if disturb else [], seed=0)

    def __call__(self, sample: Sample, seed: int) -> Sample:
        """Return the disturbed sample; the same seed gives the same pixels."""
        window = self._window(sample, np.random.default_rng(seed))
        crop = sample.cropped(window).scaled(self._size)
        self._disturb.set_random_seed(seed)
        out = self._disturb(image=crop.image, masks=[crop.classes, crop.instances])
        classes, instances = out['masks']
        return Sample(sample.name, out['image'], classes, drop_small(instances, 20))

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
        area = rng.uniform(*self._area) * height * width
        aspect = np.exp(rng.uniform(*self._log_aspect))
        w = int(np.clip(np.sqrt(area * aspect), 16, width))
        h = int(np.clip(np.sqrt(area / aspect), 16, height))
        x, y = rng.integers(width - w + 1), rng.integers(height - h + 1)
        return np.s_[y:y + h, x:x + w]
