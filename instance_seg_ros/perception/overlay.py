# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Visualisation: instances tinted, outlined and named on the camera image."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..core.instances import Instance, InstanceMap
from ..core.labels import INSTANCE_FACTOR

# Okabe and Ito's colours, distinguishable with every common colour vision deficiency.
_COLOR_BLIND_SAFE = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
                     (0, 114, 178), (213, 94, 0), (204, 121, 167))
_GOLDEN_RATIO = 0.61803398875
_FONT = cv2.FONT_HERSHEY_SIMPLEX
PALETTES = ('vivid', 'color_blind', 'class')


@dataclass(frozen=True)
class OverlayStyle:
    """Style of an overlay.

    Attributes:
        palette: `vivid` (a colour per instance), `color_blind` (seven safe colours, by instance),
            `class` (the label set's colours).
        opacity: of instances, 0 to 1.
        background: opacity of the class colours elsewhere, 0 to 1.
        contours: draw outlines.
        names: draw class names.
        scores: draw scores.
        boxes: draw bounding boxes.
        legend: list the classes and their number of instances.
        status: draw the status line.
    """

    palette: str = 'vivid'
    opacity: float = 0.45
    background: float = 0.0
    contours: bool = True
    names: bool = True
    scores: bool = True
    boxes: bool = False
    legend: bool = False
    status: bool = False


def draw_overlay(image: np.ndarray, result: InstanceMap,
                 style: OverlayStyle = OverlayStyle(),  # noqa: B008 (frozen)
                 status: str = '') -> np.ndarray:
    """Draw instances on a copy of an image.

    Args:
        image: uint8 (H, W, 3) RGB.
        result: masks (H, W) and instances.
        style: palette and items.
        status: line at the bottom, drawn if the style has `status`.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        ValueError: when image and masks differ in size.
    """
    if image.shape[:2] != result.class_mask.shape:
        raise ValueError(f'image {image.shape[:2]} and masks {result.class_mask.shape} differ')
    canvas = _with_background(image, result, style.background)
    # Far (small) ones first, so that near ones keep their outline and name on top.
    ordered = sorted(result.instances, key=lambda instance: instance.box[3])
    for instance in ordered:
        _draw_mask(canvas, result, instance, style)
    if style.names or style.scores:
        _draw_names(canvas, result, ordered[::-1], style)
    if style.legend:
        _draw_legend(canvas, result, style.palette == 'class' or style.background > 0)
    if style.status and status:
        _draw_text(canvas, status, (0, canvas.shape[0]), 0.5 * _scale(canvas))
    return canvas


def instance_color(instance: Instance, result: InstanceMap, palette: str) -> tuple:
    """Return the RGB colour of an instance, the same for the same id."""
    if palette == 'class':
        return tuple(int(c) for c in result.label_set.color_table[instance.label_id])
    if palette == 'color_blind':
        return _COLOR_BLIND_SAFE[instance.id % len(_COLOR_BLIND_SAFE)]
    return instance_id_color(instance.id)


@lru_cache(maxsize=4096)
def instance_id_color(number: int) -> tuple:
    """Return the RGB colour, in `vivid`, of an instance's id.

    Walk around the colour circle in golden-ratio steps: neighbours in number differ most.
    """
    label, count = divmod(number, INSTANCE_FACTOR)
    # Not from `number` alone: a thousand steps end where they began, and classes would agree.
    hue = int((count + 5 * label) * _GOLDEN_RATIO % 1.0 * 180)
    pixel = np.array([[[hue, 190 + number % 3 * 30, 255]]], np.uint8)
    return tuple(int(c) for c in cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0])


def _scale(canvas: np.ndarray) -> float:
    """Size of lines and letters relative to a 720-line image."""
    return max(0.55, min(canvas.shape[:2]) / 720)


def _with_background(image: np.ndarray, result: InstanceMap, opacity: float) -> np.ndarray:
    if opacity <= 0:
        return image.copy()
    colors = cv2.applyColorMap(result.class_mask, result.label_set.color_table[:, None])
    return cv2.addWeighted(image, 1 - opacity, colors, opacity, 0)


def _draw_mask(canvas: np.ndarray, result: InstanceMap, instance: Instance,
               style: OverlayStyle) -> None:
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


def _draw_names(canvas: np.ndarray, result: InstanceMap, instances: list[Instance],
                style: OverlayStyle) -> None:
    """Draw names, first come first served; names that would cover another are left out.

    A bar in the instance's colour identifies it where the name is not next to it.
    """
    taken: list[tuple[int, int, int, int]] = []
    size = 0.42 * _scale(canvas)
    for instance in instances:
        parts = [instance.label] * style.names + [f'{instance.score:.2f}'] * style.scores
        x0, y0, x1, y1 = instance.box
        width, height, base = _text_size(' '.join(parts), size)
        bar = max(2, round(4 * _scale(canvas)))
        if x1 - x0 < 14 * _scale(canvas):
            continue   # the name would be much wider than the instance
        for corner in ((x0, y0 - base), (x0, y0 + height + 1), (x0, y1 + height + 1)):
            x, y = _inside(canvas, corner, width + bar, height, base)
            plate = (x, y - height - 1, x + bar + width + 2, y + base)
            if not any(_overlap(plate, other) for other in taken):
                taken.append(plate)
                _draw_text(canvas, ' '.join(parts), (x + bar, y), size)
                canvas[plate[1]:plate[3], x:x + bar] = instance_color(
                    instance, result, style.palette)
                break


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _weight(size: float) -> int:
    return max(1, round(size * 1.6))


def _text_size(text: str, size: float) -> tuple[int, int, int]:
    """Return width, height above and below the base line."""
    (width, height), base = cv2.getTextSize(text, _FONT, size, _weight(size))
    return width, height, base


def _inside(canvas: np.ndarray, corner: tuple[int, int], width: int, height: int,
            base: int) -> tuple[int, int]:
    x = min(max(corner[0], 0), max(0, canvas.shape[1] - width - 2))
    y = min(max(corner[1], height + 1), max(height + 1, canvas.shape[0] - base))
    return x, y


def _draw_text(canvas: np.ndarray, text: str, corner: tuple[int, int], size: float) -> None:
    """Write white on black, base line at a corner, kept inside the image."""
    width, height, base = _text_size(text, size)
    x, y = _inside(canvas, corner, width, height, base)
    plate = canvas[max(0, y - height - 1):y + base, x:x + width + 2]
    plate[:] = plate // 3
    cv2.putText(canvas, text, (x + 1, y), _FONT, size, (255, 255, 255), _weight(size),
                cv2.LINE_AA)


def _draw_legend(canvas: np.ndarray, result: InstanceMap, colors: bool) -> None:
    """List classes and how many there are in the top left corner.

    Args:
        canvas: uint8 (H, W, 3), drawn on.
        result: what was found.
        colors: with the colours of the classes, where the image shows these.
    """
    counts: dict[int, int] = {}
    for instance in result.instances:
        counts[instance.label_id] = counts.get(instance.label_id, 0) + 1
    size = 0.5 * _scale(canvas)
    step = round(44 * size)
    for row, (label_id, count) in enumerate(sorted(counts.items())):
        label = result.label_set.by_id(label_id)
        top = step // 3 + row * step
        if colors:
            cv2.rectangle(canvas, (step // 3, top), (step, top + step // 2), label.color, -1)
        left = step + step // 3 if colors else step // 3
        _draw_text(canvas, f'{label.name}: {count}', (left, top + step // 2), size)
