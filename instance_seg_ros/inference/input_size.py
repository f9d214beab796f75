# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The size at which the network sees an image: fixed, or a height with the camera's aspect."""

from collections.abc import Sequence

from .segmenter_settings import MAX_SIDE, MIN_SIDE

STEP = 8
"""A width that follows the camera is a multiple of this: the stride of most networks."""

Size = tuple[int, int]
"""Width and height in pixels; as an input size, width 0 follows the aspect of the image."""


def network_size(input_size: Size, image_size: Size) -> Size:
    """Return the (width, height) at which the network sees an image of (width, height)."""
    width, height = input_size
    if not width:
        width = STEP * round(height * image_size[0] / image_size[1] / STEP)
        width = min(max(width, MIN_SIDE), MAX_SIDE)
    return width, height


def group_by_size(sizes: Sequence[Size]) -> list[list[int]]:
    """Return the indices of each distinct size, in order of first appearance."""
    groups: dict[Size, list[int]] = {}
    for index, size in enumerate(sizes):
        groups.setdefault(size, []).append(index)
    return list(groups.values())


def size_text(input_size: Size) -> str:
    """Return an input size in print: 768x384, or 384 where the width follows the image."""
    width, height = input_size
    return f'{width}x{height}' if width else str(height)
