# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects cut out of labelled frames, to be pasted over others.

CamVid gives classes only, so an object is taken when its connected component can hardly be
anything but one whole object: alone, of a plausible outline, convex, with no dip in its roof line
(two cars behind each other show one).
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..core.labels import LabelSet
from .sample import Sample

_DISTANCE = 4
"""Pixels that a taken component must be away from others of its class."""

_DARKEST = 22
"""Mean grey value below which an object is not recognisable."""


@dataclass(frozen=True)
class Outline:
    """What the component of one whole object looks like: limits of its shape."""

    min_area: int
    max_aspect: float
    min_fill: float
    min_solidity: float
    max_dip: float


OUTLINES = {
    'car': Outline(250, 1.75, .70, .91, .10),
    'truck': Outline(400, 2.5, .75, .92, .12),
    'bus': Outline(400, 2.5, .75, .92, .12),
    'person': Outline(120, .45, .45, .70, 1.),
}


@dataclass(frozen=True)
class Cutout:
    """One object, cropped to its outline with a soft edge, and its class.

    Attributes:
        rgba: uint8 (h, w, 4).
        label: its class.
        brightness: mean grey value of the frame it comes from.
        source: name of that frame.
        parts: None, or the class of each pixel, uint8 (h, w), of a thing that consists of several
            classes.
    """

    rgba: np.ndarray
    label: str
    brightness: float
    source: str
    parts: np.ndarray | None = None


def whole_objects(classes: np.ndarray, label_set: LabelSet) -> np.ndarray:
    """Instance map (uint16, label id * 1000 + number) of the components that are one object.

    All other pixels are 0, so nothing doubtful ever enters an instance loss.

    Args:
        classes: uint8 (H, W), class indices.
        label_set: what the indices mean.
    """
    instances = np.zeros(classes.shape, np.uint16)
    for name, outline in OUTLINES.items():
        if name not in label_set.names:
            continue
        label = label_set.by_name(name)
        mask = (classes == label_set.names.index(name)).astype(np.uint8)
        for number, component in enumerate(_components(mask, outline)):
            instances[component] = label.id * 1000 + number
    return instances


def _components(mask: np.ndarray, outline: Outline) -> Iterator[np.ndarray]:
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    height, width = mask.shape
    for number in range(1, count):
        x, y, w, h, area = stats[number]
        inside = x > 0 and y > 0 and x + w < width and y + h < height
        if area < outline.min_area or w > outline.max_aspect * h or not inside:
            continue
        component = numbers == number
        if _is_whole(component[y:y + h, x:x + w], area, outline) and _alone(
                component, mask, (x, y, w, h)):
            yield component


def _is_whole(component: np.ndarray, area: int, outline: Outline) -> bool:
    if area < outline.min_fill * component.size:
        return False
    contours, _ = cv2.findContours(component.astype(np.uint8), cv2.RETR_EXTERNAL,
                                   cv2.CHAIN_APPROX_NONE)
    hull = cv2.contourArea(cv2.convexHull(np.vstack(contours)))
    return area >= outline.min_solidity * hull and roof_dip(component) <= outline.max_dip


def roof_dip(component: np.ndarray) -> float:
    """Depth of the deepest valley in the upper outline, over the component's height."""
    tops = component.shape[0] - np.argmax(component, axis=0)
    ridge = np.minimum(np.maximum.accumulate(tops), np.maximum.accumulate(tops[::-1])[::-1])
    return float((ridge - tops).max()) / component.shape[0]


def _alone(component: np.ndarray, mask: np.ndarray, box: tuple[int, int, int, int]) -> bool:
    x, y, w, h = box
    window = _around(x, y, w, h, _DISTANCE)
    near = cv2.dilate(component[window].astype(np.uint8), np.ones((2 * _DISTANCE + 1,) * 2))
    return not np.any(near.astype(bool) & (mask[window] > 0) & ~component[window])


def unhidden(sample: Sample, min_area: int = 600) -> Sample:
    """Keep only the instances of a fully labelled image that nothing can hide or cut off.

    Those are at least `min_area` pixels, away from the border, and touch no other instance.
    """
    kept = np.zeros_like(sample.instances)
    height, width = kept.shape
    for value in np.unique(sample.instances[sample.instances > 0]):
        component = sample.instances == value
        x, y, w, h = cv2.boundingRect(component.astype(np.uint8))
        inside = x > 0 and y > 0 and x + w < width and y + h < height
        area = np.count_nonzero(component)
        if inside and area >= min_area and area > .4 * w * h and _alone(
                component, (sample.instances > 0).astype(np.uint8), (x, y, w, h)):
            kept[component] = value
    return replace(sample, instances=kept)


def cut_out(sample: Sample, label_set: LabelSet, margin: int = 2) -> list[Cutout]:
    """Cut every instance of a sample out, with `margin` pixels around it for the soft edge."""
    return [cut(sample, sample.instances == value, label_set.by_id(value // 1000).name, margin)
            for value in map(int, np.unique(sample.instances)) if value >= 1000]


def _around(x: int, y: int, w: int, h: int, margin: int):
    return np.s_[max(0, y - margin):y + h + margin, max(0, x - margin):x + w + margin]


def cut(sample: Sample, mask: np.ndarray, label: str, margin: int = 2,
        parts: np.ndarray | None = None) -> Cutout:
    """Cut out the pixels of `mask` (bool (H, W)); `parts`: the class of each pixel (H, W)."""
    window = _around(*cv2.boundingRect(mask.astype(np.uint8)), margin)
    alpha = cv2.GaussianBlur(mask[window].astype(np.float32), (3, 3), .7)
    rgba = np.dstack([sample.image[window], np.round(255 * alpha).astype(np.uint8)])
    return Cutout(rgba, label, float(sample.image.mean()), sample.name,
                  None if parts is None else parts[window].copy())


def is_lit(cutout: Cutout) -> bool:
    """Whether pixels show more than a black silhouette."""
    return cutout.rgba[cutout.rgba[..., 3] > 200, :3].mean() > _DARKEST


def collect(samples: Iterable[Sample], label_set: LabelSet) -> list[Cutout]:
    """Cut out all instances of all samples, except black silhouettes."""
    return [cutout for sample in samples for cutout in cut_out(sample, label_set)
            if is_lit(cutout)]
