# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One moment of a recording as one image: the overlay, next to it classes and instances."""

from __future__ import annotations

import cv2
import numpy as np

from ..perception.color_images import class_color_image, instance_color_image
from ..visualization.panes import TITLES
from .moments import Moment


def sample_image(moment: Moment) -> np.ndarray | None:
    """Return the overlay with its title and, where masks were recorded, those of RViz's panes.

    Returns:
        uint8 (H, W, 3) RGB: W is the overlay's width, plus half of it for the colour images, which
        are to the right of the overlay, one above the other. None without any image.
    """
    overlay = moment.display_image
    if overlay is None:
        return None
    height, width = overlay.shape[:2]
    tile = max(1, width // 2), max(1, height // 2)
    side = [_titled(cv2.resize(image, tile, interpolation=cv2.INTER_NEAREST), TITLES[name])
            for name, image in _color_images(moment).items()]
    overlay = _titled(overlay.copy(), TITLES['overlay'])
    if not side:
        return overlay
    column = np.zeros((height, tile[0], 3), np.uint8)      # an odd last row stays black
    column[:2 * tile[1]] = np.concatenate(side)[:height]
    return np.concatenate([overlay, column], 1)


def _color_images(moment: Moment) -> dict[str, np.ndarray]:
    """Return classes and instances in colours by the name of the topic; none without masks."""
    if moment.instance_mask is None or moment.is_foreign:
        return {}
    found = moment.found()
    return {'class_overlay': class_color_image(found),
            'instance_overlay': instance_color_image(found)}


def _titled(image: np.ndarray, title: str) -> np.ndarray:
    """Write a title into the upper left corner of an image."""
    size = max(0.4, image.shape[0] / 600)
    for color, weight in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(image, title, (round(10 * size), round(26 * size)), cv2.FONT_HERSHEY_SIMPLEX,
                    0.8 * size, color, max(1, round(weight * size)), cv2.LINE_AA)
    return image
