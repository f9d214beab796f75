# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The orientation of a photograph: read from EXIF (TIFF 6.0, tag 274) and applied."""

from __future__ import annotations

import struct

import numpy as np

_ORIENTATION = 0x0112
_SHORT, _LONG = 3, 4


def read_tags(tiff: bytes) -> dict[int, int]:
    """Return the single whole numbers of the first directory of a TIFF structure, by tag.

    Damaged structures give what can be read of them.
    """
    order = {b'II*\0': '<', b'MM\0*': '>'}.get(bytes(tiff[:4]))
    if order is None:
        return {}
    tags = {}
    try:
        start, = struct.unpack_from(f'{order}I', tiff, 4)
        count, = struct.unpack_from(f'{order}H', tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(f'{order}HHI', tiff, entry)
            if number == 1 and kind in (_SHORT, _LONG):
                form = 'H' if kind == _SHORT else 'I'
                tags[tag], = struct.unpack_from(order + form, tiff, entry + 8)
    except struct.error:    # it ends early
        pass
    return tags


def read_orientation(tiff: bytes) -> int:
    """Return the EXIF orientation 1 to 8; 1 (upright) where there is none that is valid."""
    value = read_tags(tiff).get(_ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return an image (H, W, ...) as a viewer shows it; contiguous.

    Args:
        image: as it is stored.
        orientation: 1 to 8. 2 and 4 mirror left-right and top-bottom, 3 turns by 180 degrees,
            6 and 8 by 90 clockwise and counter-clockwise, 5 and 7 mirror along a diagonal.
    """
    if orientation in (2, 3, 7, 8):
        image = image[:, ::-1]
    if orientation in (3, 4, 6, 7):
        image = image[::-1]
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    return np.ascontiguousarray(image)
