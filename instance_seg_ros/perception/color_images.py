# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Classes and instances as colour images that any viewer can show, by lookup tables."""

from __future__ import annotations

import sys

import cv2
import numpy as np

from ..core.instances import InstanceMap
from .overlay import instance_color, instance_id_color

_MULTIPLIERS = (40503 * np.arange(1, 256, 2)).astype(np.uint16)
"""Odd factors, tried in turn; the first spreads consecutive ids evenly (Knuth, TAOCP 3, 6.4)."""


def class_color_image(result: InstanceMap) -> np.ndarray:
    """Return the class of each pixel in the label set's colours, uint8 (H, W, 3) RGB.

    Pixels without a class are black.
    """
    return cv2.applyColorMap(result.class_mask, result.label_set.color_table[:, None])


def instance_color_image(result: InstanceMap, palette: str = 'vivid') -> np.ndarray:
    """Return each instance in its colour in the overlay, on black.

    Args:
        result: masks and instances.
        palette: one of `PALETTES`; in `vivid` the colour is a function of the instance id.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    colors = {i.id: instance_color(i, result, palette) for i in result.instances}
    image = np.zeros((*result.instance_mask.shape, 3), np.uint8)
    if colors:      # rows above and below all instances stay black and cost nothing
        rows = slice(min(i.box[1] for i in result.instances),
                     max(i.box[3] for i in result.instances))
        _color_instances(result.instance_mask[rows], colors, image[rows])
    return image


def instance_ids_image(mask: np.ndarray) -> np.ndarray:
    """Return each instance id of a mask, uint16 (H, W), in its colour in `vivid`, on black."""
    image = np.zeros((*mask.shape, 3), np.uint8)
    ids = np.flatnonzero(np.bincount(mask.reshape(-1))[1:]) + 1
    if len(ids):
        _color_instances(mask, {i: instance_id_color(i) for i in ids.tolist()}, image)
    return image


def _color_instances(mask: np.ndarray, colors: dict[int, tuple], image: np.ndarray) -> None:
    """Write the colour of each id of a mask, uint16 (H, W), to an image, uint8 (H, W, 3)."""
    multiplier = _multiplier(np.array([0, *colors], np.uint16))
    if multiplier is None:
        image[:] = _gather(mask, colors)
        return
    table = np.zeros((256, 1, 3), np.uint8)
    for number, color in colors.items():
        table[_slots(np.array([number], np.uint16), multiplier), 0] = color
    cv2.applyColorMap(_slots(mask, multiplier), table, image)


def _slots(ids: np.ndarray, multiplier: int) -> np.ndarray:
    """Return the upper byte of ids * multiplier modulo 2**16, uint8."""
    products = ids * np.uint16(multiplier)
    if products.ndim == 1:
        return (products >> 8).astype(np.uint8)
    pairs = products.view(np.uint8).reshape(*ids.shape, 2)
    return cv2.extractChannel(pairs, 1 if sys.byteorder == 'little' else 0)


def _multiplier(ids: np.ndarray) -> int | None:
    """Return a factor that puts each id into another one of 256 slots; None: too many ids."""
    slots = ids[None] * _MULTIPLIERS[:, None] >> 8      # (M, N)
    slots.sort(axis=1)
    is_injective = (np.diff(slots, axis=1) > 0).all(1)
    return int(_MULTIPLIERS[is_injective.argmax()]) if is_injective.any() else None


def _gather(mask: np.ndarray, colors: dict[int, tuple]) -> np.ndarray:
    """Look all ids up in a table of 2**16 colours, for crowded images."""
    table = np.zeros((2 ** 16, 4), np.uint8)
    for number, color in colors.items():
        table[number, :3] = color
    words = np.take(table.view(np.uint32)[:, 0], mask)      # faster than rows of three bytes
    return cv2.cvtColor(words.view(np.uint8).reshape(*mask.shape, 4), cv2.COLOR_RGBA2RGB)
