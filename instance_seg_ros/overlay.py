# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The picture a person looks at: instances tinted, outlined and named on the camera image."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .instances import Instance, InstanceMap

# Okabe and Ito's colours, distinguishable with every common colour vision deficiency.
_COLOR_BLIND_SAFE = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
                     (0, 114, 178), (213, 94, 0), (204, 121, 167))
_GOLDEN_RATIO = 0.61803398875
_FONT = cv2.FONT_HERSHEY_SIMPLEX
PALETTES = ('vivid', 'color_blind', 'class')


@dataclass(frozen=True)
class OverlayStyle:
    """How an overlay looks.

    palette: `vivid` (a colour per instance), `color_blind` (seven safe colours, by instance),
        `class` (the label set's colours). opacity: of instances, 0 to 1. background: opacity of
        the class colours of everything else, 0 to leave it as it is. contours, names, scores,
        boxes, legend: what to draw.
    """

    palette: str = 'vivid'
    opacity: float = 0.45
    background: float = 0.0
    contours: bool = True
    names: bool = True
    scores: bool = True
    boxes: bool = False
    legend: bool = False


def draw_overlay(image: np.ndarray, result: InstanceMap,
                 style: OverlayStyle = OverlayStyle()) -> np.ndarray:  # noqa: B008 (frozen)
    """Return a copy of an RGB image, uint8 (H, W, 3), with what was found in it drawn on top."""
    if image.shape[:2] != result.class_mask.shape:
        raise ValueError(f'image {image.shape[:2]} and masks {result.class_mask.shape} differ')
    canvas = _with_background(image, result, style.background)
    # Far (small) ones first, so that near ones keep their outline and name on top.
    ordered = sorted(result.instances, key=lambda instance: instance.box[3])
    for instance in ordered:
        _draw_mask(canvas, result, instance, style)
    if style.names or style.scores:
        for instance in ordered:
            _draw_name(canvas, instance, style)
    if style.legend:
        _draw_legend(canvas, result)
    return canvas


def instance_color(instance: Instance, result: InstanceMap, palette: str) -> tuple:
    """Return the RGB colour of an instance; the same id always has the same one."""
    if palette == 'class':
        return tuple(int(c) for c in result.label_set.color_table[instance.label_id])
    if palette == 'color_blind':
        return _COLOR_BLIND_SAFE[instance.id % len(_COLOR_BLIND_SAFE)]
    return _vivid(instance.id)


@lru_cache(maxsize=4096)
def _vivid(number: int) -> tuple:
    """Walk around the colour circle in golden-ratio steps: neighbours in number differ most."""
    hue = int(number * _GOLDEN_RATIO % 1.0 * 180)
    pixel = np.array([[[hue, 190 + number % 3 * 30, 255]]], np.uint8)
    return tuple(int(c) for c in cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0])


def _scale(canvas: np.ndarray) -> float:
    """Size of lines and letters relative to a 720-line image."""
    return max(0.55, min(canvas.shape[:2]) / 720)


def _with_background(image, result, opacity):
    if opacity <= 0:
        return image.copy()
    colors = result.label_set.color_table[result.class_mask]
    return cv2.addWeighted(image, 1 - opacity, colors, opacity, 0)


def _draw_mask(canvas, result: InstanceMap, instance: Instance, style: OverlayStyle):
    """Tint and outline one instance; works inside its box only."""
    x0, y0, x1, y1 = instance.box
    region = canvas[y0:y1, x0:x1]
    color = instance_color(instance, result, style.palette)
    mask = (result.instance_mask[y0:y1, x0:x1] == instance.id).astype(np.uint8)
    tint = np.empty_like(region)
    tint[:] = color
    cv2.copyTo(cv2.addWeighted(region, 1 - style.opacity, tint, style.opacity, 0), mask, region)
    if style.contours:
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        width = max(1, round(1.4 * _scale(canvas)))
        cv2.drawContours(canvas, outlines, -1, color, width, cv2.LINE_AA, offset=(x0, y0))
    if style.boxes:
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), color, max(1, round(_scale(canvas))))


def _draw_name(canvas, instance: Instance, style: OverlayStyle):
    parts = [instance.label] * style.names + [f'{instance.score:.2f}'] * style.scores
    x0, y0, x1, _ = instance.box
    if x1 - x0 < 14 * _scale(canvas):
        return   # the name would be wider than what it names
    _draw_text(canvas, ' '.join(parts), (x0, y0), 0.42 * _scale(canvas))


def _draw_text(canvas, text: str, corner: tuple[int, int], size: float):
    """Write white on black above and right of a corner, kept inside the image."""
    weight = max(1, round(size * 1.6))
    (width, height), base = cv2.getTextSize(text, _FONT, size, weight)
    x = int(np.clip(corner[0], 0, max(0, canvas.shape[1] - width - 2)))
    y = int(np.clip(corner[1] - base, height + 1, canvas.shape[0] - base))
    plate = canvas[max(0, y - height - 1):y + base, x:x + width + 2]
    plate[:] = plate // 3
    cv2.putText(canvas, text, (x + 1, y), _FONT, size, (255, 255, 255), weight, cv2.LINE_AA)


def _draw_legend(canvas, result: InstanceMap):
    """List classes with their colour and number of instances in the top left corner."""
    counts = {}
    for instance in result.instances:
        counts[instance.label_id] = counts.get(instance.label_id, 0) + 1
    size = 0.5 * _scale(canvas)
    step = round(44 * size)
    for row, (label_id, count) in enumerate(sorted(counts.items())):
        label = result.label_set.by_id(label_id)
        top = step // 3 + row * step
        cv2.rectangle(canvas, (step // 3, top), (step, top + step // 2), label.color, -1)
        _draw_text(canvas, f'{label.name}: {count}', (step + step // 3, top + step * 2 // 3), size)
