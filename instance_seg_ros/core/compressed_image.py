# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""JPEG, PNG and WebP messages and image files, decoded to RGB within limits of their size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from .exif import upright
from .image_decoder import decode
from .image_error import ImageError
from .image_header import (
    FILE_FORMATS,
    MESSAGE_FORMATS,
    ImageHeader,
    foreign_format,
    read_header,
)
from .raw_image import PACKED, PACKED_ENCODINGS, TO_8_BIT
from .texts import shortened

MAX_PIXELS = 1 << 26
"""Of a compressed message: 8192 x 8192, 192 MiB decoded."""
MAX_FILE_PIXELS = 1 << 28
"""Of an image file; telephones make 200 megapixels."""
_ALWAYS_ALLOWED = 1 << 22
_PIXELS_PER_BYTE = 2048
"""No JPEG and no RGB PNG contains more (JPEG: 1 bit for 64 pixels; deflate: 1032 to 1)."""


def decode_compressed(format: str, data: Any,  # noqa: A002 (the message's name)
                      max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Return a JPEG, PNG (8 or 16 bit) or WebP as uint8 (height, width, 3) RGB.

    The size in its header is checked before anything is allocated. The EXIF orientation is not
    applied, because camera_info and image_transport refer to the image as it is stored.

    Args:
        format: as in `sensor_msgs/CompressedImage`: 'jpeg', or image_transport's
            'rgb8; jpeg compressed bgr8', whose last part names the order of the channels.
        data: any object with the buffer interface.
        max_pixels: refuse images of more pixels.

    Raises:
        ImageError: 'unknown_encoding' for another kind of compression, 'over_limit' for more
            pixels than allowed or than the data can describe, 'broken_compressed' for data that
            do not decode or end too early.
    """
    if 'compressedDepth' in format or any(codec in format for codec in ('h264', 'h265', 'hevc')):
        raise ImageError('unknown_encoding', f'unsupported compressed format '
                         f'{shortened(format)!r}; supported: jpeg, png, webp')
    packed = bytes(data)
    _checked_header(packed, MESSAGE_FORMATS, max_pixels)
    return _to_rgb(_decoded(packed), format)


def decode_image_file(data: bytes, max_pixels: int = MAX_FILE_PIXELS) -> np.ndarray:
    """Return an image file as a viewer shows it: uint8 (height, width, 3) RGB, upright.

    Args:
        data: content of a JPEG, PNG, WebP, BMP, TIFF or PNM file of 8 or 16 bits.
        max_pixels: refuse images of more pixels.

    Raises:
        ImageError: as `decode_compressed`.
    """
    header = _checked_header(data, FILE_FORMATS, max_pixels)
    return upright(_to_rgb(_decoded(data), ''), header.orientation)


def read_stored(data: bytes, flags: int = cv2.IMREAD_UNCHANGED,
                max_pixels: int = MAX_FILE_PIXELS) -> np.ndarray:
    """Return an image file as it is stored, such as a label image; the size is checked first.

    Args:
        data: content of the file, of the formats of `decode_image_file`.
        flags: of `cv2.imdecode`; channels are in OpenCV's order.
        max_pixels: refuse images of more pixels.

    Raises:
        ImageError: as `decode_compressed`.
    """
    _checked_header(data, FILE_FORMATS, max_pixels)
    return decode(data, flags)


def _checked_header(packed: bytes, formats: tuple[str, ...], max_pixels: int) -> ImageHeader:
    """Read the header; raise ImageError for what must not reach a decoder."""
    header = read_header(packed)
    if header is None or header.format not in formats:
        foreign = foreign_format(packed) or (header.format if header else '')
        if foreign:
            raise ImageError('unknown_encoding', f'{foreign} is unsupported; supported: '
                             f'{", ".join(formats)}')
        raise ImageError('broken_compressed', f'{len(packed)} bytes that are not an image of '
                         f'{", ".join(formats)}')
    width, height = header.width, header.height
    pixels = width * height
    if width < 1 or height < 1:
        raise ImageError('zero_size', f'the image is {width}x{height} pixels: it has no content')
    if pixels > max_pixels:
        raise ImageError('over_limit', f'{width}x{height} pixels are over the limit of '
                         f'{max_pixels / 1e6:.0f} megapixels')
    if pixels > max(_ALWAYS_ALLOWED, _PIXELS_PER_BYTE * len(packed)):
        raise ImageError('over_limit', f'the header claims {width}x{height} pixels in '
                         f'{len(packed)} bytes')
    if not header.complete:
        raise ImageError('broken_compressed', f'{len(packed)} bytes of a {header.format} image '
                         f'of {width}x{height}: it is damaged or cut off')
    return header


def _decoded(packed: bytes) -> np.ndarray:
    """Decode to uint8 (H, W, C), in the order of channels that OpenCV has."""
    image = decode(packed, cv2.IMREAD_UNCHANGED)
    if image.dtype == np.uint16:
        image = TO_8_BIT[image]
    elif image.dtype != np.uint8:
        raise ImageError('unknown_encoding',
                         f'pixels of type {image.dtype} are unsupported; 8 or 16 bits are needed')
    return np.atleast_3d(image)


def _to_rgb(image: np.ndarray, format: str) -> np.ndarray:  # noqa: A002
    channels = image.shape[2]
    original = format.partition(';')[0].strip()
    if channels == 1:
        name = PACKED_ENCODINGS.get(original, ('mono', 1))[0]
        code = PACKED[name][1] if name.startswith('bayer') else None
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if code is None else code)
    if channels == 2:                       # grey with alpha
        return cv2.cvtColor(np.ascontiguousarray(image[..., :1]), cv2.COLOR_GRAY2RGB)
    packed_as_rgb = 'compressed rgb' in format
    if channels == 4:
        return cv2.cvtColor(image, cv2.COLOR_RGBA2RGB if packed_as_rgb else cv2.COLOR_BGRA2RGB)
    return image if packed_as_rgb else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
