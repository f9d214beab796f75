# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pasting cut-outs over other frames: the only way to known instances on CamVid.

Objects stand on road or pavement at the size that their place asks for, half of them touch or
hide the one pasted before, nearer ones cover farther ones.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..core.resize import resize_image, resize_labels
from .cutouts import Cutout
from .sample import IGNORE, Sample

SLOPES = {'car': (.70, .436), 'person': (.68, .406), 'truck': (1.2, .436), 'bus': (1.3, .436),
          'rider': (.72, .406), 'bicycle': (.45, .406), 'motorcycle': (.5, .406)}
"""Class -> (a, horizon): an object that ends in row y is a * (y - horizon) high, both over the
frame's height; measured on CamVid."""
SHARES = {'car': .5, 'person': .4, 'rider': .2}
"""How often a class is pasted; others are drawn at .05."""
GROUND = ('road', 'sidewalk', 'pavement', 'terrain')
MIN_VISIBLE = 30
"""An instance of fewer visible pixels is no instance for the loss any more."""


@dataclass(frozen=True)
class Placement:
    """Where a cut-out goes: left column, bottom row (both may lie outside) and its size."""

    cutout: Cutout
    left: int
    bottom: int
    width: int
    height: int


def paste(sample: Sample, cutouts: Sequence[Cutout], label_set: LabelSet,
          rng: np.random.Generator, count: int, touching: float = .5) -> Sample:
    """Paste up to `count` cut-outs over a sample.

    The instances that were there keep their ids while they stay visible.

    Args:
        sample: what to paste over; it is not changed.
        cutouts: the objects to draw from.
        label_set: classes of the sample.
        rng: source of all random choices.
        count: number of cut-outs at most.
        touching: share of the objects that are placed against the one before.

    Returns:
        A new sample with the instance ids of the cut-outs.
    """
    ground = np.isin(sample.classes, [k for k, n in enumerate(label_set.names) if n in GROUND])
    placements: list[Placement] = []
    for _ in range(count if cutouts else 0):
        before = placements[-1] if placements and rng.random() < touching else None
        place = (_next_to(before, cutouts, sample.classes.shape, rng) if before
                 else _somewhere(cutouts, ground, rng))
        if place:
            placements.append(place)
    image, classes, instances = (a.copy() for a in (
        sample.image, sample.classes, sample.instances))
    numbers = _FreeNumbers(instances)
    for place in sorted(placements, key=lambda p: p.bottom):
        shown = _blend(image, place, float(sample.image.mean()), rng, label_set)
        for index in np.unique(shown[shown != IGNORE]):
            mask = shown == index
            classes[mask] = index
            instances[mask] = numbers.next(label_set.labels[index].id)
    return Sample(sample.name, image, classes, drop_small(instances, MIN_VISIBLE))


class _FreeNumbers:
    """Hands out instance ids that a map does not use yet."""

    def __init__(self, instances: np.ndarray) -> None:
        self._used = {int(v) for v in np.unique(instances)}

    def next(self, label_id: int) -> int:
        value = label_id * INSTANCE_FACTOR
        while value in self._used:
            value += 1
        self._used.add(value)
        return value


def drop_small(instances: np.ndarray, min_area: int) -> np.ndarray:
    """Forget instances (set to 0) of fewer than `min_area` pixels; returns the same dtype."""
    areas = np.bincount(instances.ravel(), minlength=1)
    keep = np.arange(len(areas))
    keep[areas < min_area] = 0
    return keep.astype(instances.dtype)[instances]


def _object_height(label: str, bottom: float, frame_height: int) -> float:
    slope, horizon = SLOPES[label]
    return slope * (bottom - horizon * frame_height)


def _draw(cutouts: Sequence[Cutout], rng) -> Cutout:
    """Draw a class by its share, then one of its cut-outs: people must not outnumber cars."""
    labels = sorted({c.label for c in cutouts})
    shares = np.array([SHARES.get(label, .05) for label in labels])
    label = labels[rng.choice(len(labels), p=shares / shares.sum())]
    same = [c for c in cutouts if c.label == label]
    return same[rng.integers(len(same))]


def _somewhere(cutouts, ground, rng) -> Placement | None:
    """Draw a cut-out and a place on the ground where it is enlarged by 1.7 times at most."""
    cutout = _draw(cutouts, rng)
    height, width = ground.shape
    for _ in range(8):
        bottom = rng.integers(int(.47 * height), int(1.15 * height))
        column = rng.integers(width)
        size = _object_height(cutout.label, bottom, height)
        enlarged = size / cutout.rgba.shape[0]
        if .15 < enlarged < 1.7 and size > 12 and ground[min(bottom, height - 1), column]:
            return _placement(cutout, column, bottom, size, rng)
    return None


def _next_to(before: Placement, cutouts, shape, rng) -> Placement | None:
    """Place a cut-out against the one before: a little nearer or farther, partly over it."""
    same = [c for c in cutouts if c.label == before.cutout.label]
    cutout = same[rng.integers(len(same))]
    for _ in range(8):
        bottom = int(before.bottom + rng.normal(0, .18) * before.height)
        size = _object_height(cutout.label, bottom, shape[0])
        if 12 < size < 1.9 * cutout.rgba.shape[0]:
            width = size * cutout.rgba.shape[1] / cutout.rgba.shape[0]
            apart = rng.uniform(.35, 1.0) * (before.width + width) / 2 * rng.choice([-1, 1])
            column = before.left + before.width / 2 + apart
            if 0 < column < shape[1]:
                return _placement(cutout, column, bottom, size, rng)
    return None


def _placement(cutout: Cutout, column: float, bottom: int, size: float, rng) -> Placement:
    size = max(6., size * rng.uniform(.9, 1.1))
    width = max(3, round(size * cutout.rgba.shape[1] / cutout.rgba.shape[0]))
    return Placement(cutout, round(column - width / 2), int(bottom), width, round(size))


def _blend(image: np.ndarray, place: Placement, brightness: float, rng,
           label_set: LabelSet) -> np.ndarray:
    """Paint a cut-out into `image` (in place); returns its class where it covers, else 255."""
    rgba, parts = _mirrored(place.cutout, label_set, rng.random() < .5)
    size = (place.width, place.height)
    rgba = resize_image(rgba, size)
    parts = resize_labels(parts, size)
    top = place.bottom - place.height
    x0, y0 = max(0, place.left), max(0, top)
    x1, y1 = min(image.shape[1], place.left + place.width), min(image.shape[0], place.bottom)
    shown = np.full(image.shape[:2], IGNORE, np.uint8)
    if x0 >= x1 or y0 >= y1:
        return shown
    seen = np.s_[y0 - top:y1 - top, x0 - place.left:x1 - place.left]
    rgba = rgba[seen].astype(np.float32)
    alpha = rgba[..., 3:] / 255
    colour = np.clip(rgba[..., :3] * _light(place.cutout, brightness, rng), 0, 255)
    window = image[y0:y1, x0:x1]
    window[:] = np.round(alpha * colour + (1 - alpha) * window)
    shown[y0:y1, x0:x1] = np.where(alpha[..., 0] > .5, parts[seen], IGNORE)
    return shown


def _mirrored(cutout: Cutout, label_set: LabelSet, flip: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a cut-out's RGBA (h, w, 4) and the class of each pixel (h, w), or mirror images."""
    parts = cutout.parts
    if parts is None:
        parts = np.full(cutout.rgba.shape[:2], label_set.names.index(cutout.label), np.uint8)
    step = -1 if flip else 1
    return np.ascontiguousarray(cutout.rgba[:, ::step]), np.ascontiguousarray(parts[:, ::step])


def _light(cutout: Cutout, brightness: float, rng) -> np.ndarray:
    """Gain per colour that brings a cut-out to the frame's light, with some play."""
    gain = np.clip(brightness / max(cutout.brightness, 1.), .5, 2.) ** .7
    return gain * rng.uniform(.85, 1.2) * rng.uniform(.95, 1.05, 3)
