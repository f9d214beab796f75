# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Crossing sticks, drawn: objects that boxes cannot separate (figure 1 of the paper).

Sticks lie across each other like swords, in pairs that mirror each other, so that their boxes are
nearly the same box. A stick is labelled where it is seen: one that lies below others may be seen
in several pieces, which are one instance.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ..core.labels import INSTANCE_FACTOR, LabelSet
from .reader import Reader
from .sample import Sample

SPLITS = {'train': 1_000_000, 'val': 200, 'test': 200}
"""Number of images by split; a split's place here is part of the seed of its images."""

_SHADOW = 3.  # pixels by which a shadow falls aside, and over which its edge fades


@dataclass(frozen=True)
class _Stick:
    """A straight stick with round ends: (x, y) of both, pixels; radius; RGB from 0 to 1."""

    start: np.ndarray
    end: np.ndarray
    radius: float
    color: np.ndarray

    @property
    def normal(self) -> np.ndarray:
        """Unit vector across the stick."""
        x, y = self.end - self.start
        return np.array([-y, x]) / np.hypot(x, y)


class Sticks(Reader):
    """Images of two to eight sticks; each is a pure function of (split, size, index)."""

    title = 'sticks'
    layout = 'none: the images are drawn'
    licence = 'drawn by this package'
    own_labels = 'sticks'
    drawn = True

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """No folder contains them."""
        return False

    def __init__(self, split: str, size: int = 96) -> None:
        """Take a split, `train`, `val` or `test`; `size`: width and height in pixels."""
        self._seed, self._count, self._size = list(SPLITS).index(split), SPLITS[split], size
        self.name = f'sticks {split}'
        self.label_set = LabelSet.named('sticks')

    @classmethod
    def open(cls, root: Path | None, split: str, label_set: LabelSet | str,
             skip_bad: bool = False) -> Sticks:
        """Return a split at its own size; there is no folder and only one label set."""
        return cls(split)

    def __len__(self) -> int:
        """Count the images."""
        return self._count

    def __getitem__(self, index: int) -> Sample:
        """Draw one image; IndexError past the last."""
        if not 0 <= index < self._count:
            raise IndexError(f'{self.name} has {self._count} images, none is {index}')
        rng = np.random.default_rng((self._seed, index))
        image, owner = _draw(_lay(rng, self._size), self._size, rng)
        label_id = self.label_set.by_name('stick').id
        instances = np.where(owner >= 0, label_id * INSTANCE_FACTOR + owner, 0)
        return Sample(f'{self.name}_{index:06d}'.replace(' ', '_'), image,
                      (owner >= 0).astype(np.uint8), instances.astype(np.uint16))


def _lay(rng: np.random.Generator, size: int) -> list[_Stick]:
    """Choose the sticks, the lowest first."""
    left, sticks = int(rng.integers(2, 9)), []
    dark = rng.random() < .5
    colors = [_color(rng, dark, .6) for _ in range(8)]
    if rng.random() < .25:  # sticks of one colour, so that colour alone is not the answer
        colors = colors[:1] * 8
    while left > 0:
        count = left if left <= 3 else int(rng.integers(2, 4 if left == 5 else 5))
        sticks += _group(rng, size, colors[left - count:left])
        left -= count
    return [sticks[k] for k in rng.permutation(len(sticks))]


def _color(rng: np.random.Generator, dark: bool, vivid: float = .25) -> np.ndarray:
    """Return RGB, on average well below 0.5 (`dark`) or above; `vivid`: largest saturation."""
    hue = .5 + .5 * np.cos(2 * np.pi * (rng.random() + np.array([0., 1 / 3, 2 / 3])))
    light = rng.uniform(.15, .4) if dark else rng.uniform(.65, .9)
    return np.clip(light + rng.uniform(0, vivid) * (hue - .5), 0, 1)


def _group(rng: np.random.Generator, size: int, colors: list[np.ndarray]) -> list[_Stick]:
    """Cross up to four sticks at one point: the second mirrors the first, the fourth the third."""
    center, length = rng.uniform(.3, .7, 2) * size, rng.uniform(.45, .8) * size
    axis = rng.integers(2) * np.pi / 2
    first = np.radians(rng.uniform(16, 32))
    second = first + np.radians(rng.uniform(22, 36))
    result = []
    for turn, color in zip((first, -first, second, -second), colors, strict=False):
        angle = axis + turn + np.radians(rng.normal(0, 2))
        half = .5 * length * rng.uniform(.94, 1.06) * np.array([np.cos(angle), np.sin(angle)])
        middle = center + rng.normal(0, .02 * size, 2)
        shade = np.clip(color + rng.normal(0, .02, 3), 0, 1)
        result.append(_Stick(middle - half, middle + half, rng.uniform(.018, .035) * size, shade))
    return result


def _draw(sticks: list[_Stick], size: int,
          rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 (H, W, 3) RGB and the stick each pixel shows, int (H, W), -1 = none."""
    image = _background(rng, size, dark=sticks[0].color.mean() > .5)
    owner = np.full((size, size), -1)
    angle = rng.uniform(0, 2 * np.pi)
    fall = np.array([np.cos(angle), np.sin(angle)])  # away from the lamp
    shift = _SHADOW * fall
    for number, stick in enumerate(sticks):
        across, outside = _distances(stick, size)
        fallen = replace(stick, start=stick.start + shift, end=stick.end + shift)
        shadow = np.clip(.5 - _distances(fallen, size)[1] / _SHADOW, 0, 1)
        image *= 1 - .45 * shadow[..., None]
        # Lighter towards the lamp: what makes a stick of a flat stripe.
        light = 1 - across * np.float32(.35 / stick.radius * (stick.normal @ fall))
        color = light[..., None] * stick.color.astype(np.float32)
        image += np.clip(.5 - outside, 0, 1)[..., None] * (color - image)
        owner[outside < 0] = number
    image += rng.uniform(.005, .03) * rng.standard_normal(image.shape, np.float32)
    return (255 * np.clip(image, 0, 1)).round().astype(np.uint8), owner


def _distances(stick: _Stick, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels' signed distance from the axis, and from the outline (negative inside): (H, W)."""
    grid = np.arange(size, dtype=np.float32)
    (x0, y0), along = stick.start, stick.end - stick.start
    length = float(np.hypot(*along))
    dx, dy = (along / length).tolist()
    x, y = grid - np.float32(x0), (grid - np.float32(y0))[:, None]
    across, place = dx * y - dy * x, dx * x + dy * y
    beyond = place - np.clip(place, 0, length)
    return across, np.sqrt(across * across + beyond * beyond) - np.float32(stick.radius)


def _background(rng: np.random.Generator, size: int, dark: bool) -> np.ndarray:
    """Cloudy, grainy and unevenly lit: float32 (H, W, 3), well below 0.5 (`dark`) or above."""
    image = np.tile(_color(rng, dark).astype(np.float32), (size, size, 1))
    for cells, strength in ((3, .06), (12, .04), (size // 4, .03)):
        cloud = rng.normal(0, strength, (cells, cells, 1)) + rng.normal(
            0, .3 * strength, (cells, cells, 3))
        image += cv2.resize(cloud.astype(np.float32), (size, size),
                            interpolation=cv2.INTER_CUBIC)
    return image
