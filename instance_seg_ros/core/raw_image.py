# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of `sensor_msgs/Image`, decoded to RGB; conventions: see `image_codec`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from .image_error import ImageError
from .texts import shortened

TO_8_BIT = ((np.arange(65536, dtype=np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
"""8-bit value of each 16-bit value."""

# Packed formats: channels, OpenCV's conversion to RGB (None: it is RGB already).
PACKED = {
    'rgb': (3, None),
    'bgr': (3, cv2.COLOR_BGR2RGB),
    'rgba': (4, cv2.COLOR_RGBA2RGB),
    'bgra': (4, cv2.COLOR_BGRA2RGB),
    'mono': (1, cv2.COLOR_GRAY2RGB),
    # OpenCV names a Bayer pattern by the second row's second and third pixel.
    'bayer_rggb': (1, cv2.COLOR_BayerBG2RGB),
    'bayer_bggr': (1, cv2.COLOR_BayerRG2RGB),
    'bayer_gbrg': (1, cv2.COLOR_BayerGR2RGB),
    'bayer_grbg': (1, cv2.COLOR_BayerGB2RGB),
}
_GENERIC = {'UC1': 'mono', 'UC3': 'bgr', 'UC4': 'bgra'}
_YUV422 = {
    'yuv422': cv2.COLOR_YUV2RGB_UYVY, 'uyvy': cv2.COLOR_YUV2RGB_UYVY,
    'yuv422_yuy2': cv2.COLOR_YUV2RGB_YUY2, 'yuyv': cv2.COLOR_YUV2RGB_YUY2,
}
_YUV420 = {'nv12': cv2.COLOR_YUV2RGB_NV12, 'nv21': cv2.COLOR_YUV2RGB_NV21}

# BT.601, video range: RGB = M * (Y, U, V, 1).
_Y, _RV, _GU, _GV, _BU = 255 / 219, 1.59602679, -0.39176229, -0.81296765, 2.01723214
_YUV_TO_RGB = np.array([
    [_Y, 0, _RV, -16 * _Y - 128 * _RV],
    [_Y, _GU, _GV, -16 * _Y - 128 * (_GU + _GV)],
    [_Y, _BU, 0, -16 * _Y - 128 * _BU]])


def _packed_encodings() -> dict[str, tuple[str, int]]:
    """Return {encoding: (name in PACKED, bytes of a value)}."""
    table = {f'{name}{bits}': (name, bits // 8) for name in PACKED for bits in (8, 16)}
    table.update({f'{bits}{suffix}': (name, bits // 8)
                  for suffix, name in _GENERIC.items() for bits in (8, 16)})
    return table


PACKED_ENCODINGS = _packed_encodings()
ENCODINGS = (*PACKED_ENCODINGS, *_YUV422, *_YUV420, 'nv24')


def decode_raw(encoding: str, height: int, width: int, step: int, data: Any,
               is_bigendian: bool = False) -> np.ndarray:
    """Return a raw image as uint8 (height, width, 3) RGB, without a copy where it is RGB already.

    Args:
        encoding: one of `ENCODINGS`.
        height: pixels.
        width: pixels.
        step: bytes from one row to the next; the luma plane's for nv12, nv21 and nv24.
        data: any object with the buffer interface (`array.array`, bytes, ndarray).
        is_bigendian: order of the bytes of 16-bit values.

    Raises:
        ImageError: of one of `ImageError.KINDS`, naming what does not fit.
    """
    if height < 1 or width < 1:
        raise ImageError('zero_size', f'the image is {width}x{height} pixels: it has no content')
    if encoding in PACKED_ENCODINGS:
        name, size = PACKED_ENCODINGS[encoding]
        return _decode_packed(name, _View(encoding, height, width, step, data), size, is_bigendian)
    decoder = _planar_decoder(encoding)
    return decoder(_View(encoding, height, width, step, data))


def _planar_decoder(encoding: str) -> Callable[[_View], np.ndarray]:
    if encoding in _YUV422:
        return _decode_yuv422
    if encoding in _YUV420:
        return _decode_yuv420
    if encoding == 'nv24':
        return _decode_nv24
    raise ImageError('unknown_encoding',
                     f'unknown encoding {shortened(encoding)!r}; known: {", ".join(ENCODINGS)}')


class _View:
    """The bytes of an image message, seen as arrays which honour its row step."""

    def __init__(self, encoding: str, height: int, width: int, step: int, data: Any):
        self.encoding, self.height, self.width, self.step = encoding, height, width, step
        self.bytes = np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)

    def plane(self, shape: tuple[int, int, int], dtype: str = 'u1', first_row: int = 0,
              rows_per_row: int = 1) -> np.ndarray:
        """Return (rows, columns, channels) values, starting ``first_row`` steps into the data."""
        size = np.dtype(dtype).itemsize
        rows, columns, channels = shape
        step, offset = self.step * rows_per_row, self.step * first_row
        row_bytes = columns * channels * size
        if step < row_bytes:
            raise ImageError('wrong_step', f'step {self.step} is too small for {self.width} '
                             f'pixels of {self.encoding}: a row has {row_bytes} bytes')
        needed = offset + step * (rows - 1) + row_bytes
        if self.bytes.size < needed:
            raise ImageError('short_data', f'{self.bytes.size} bytes of data for '
                             f'{self.width}x{self.height} {self.encoding} with step {self.step}: '
                             f'it takes {needed}')
        return np.ndarray(shape, dtype, self.bytes, offset, (step, channels * size, size))

    def require_rows(self, rows: int) -> None:
        """Refuse more data than the planes take: where they begin would be a guess."""
        if self.bytes.size > self.step * rows:
            raise ImageError('wrong_size', f'{self.bytes.size} bytes of data for '
                             f'{self.width}x{self.height} {self.encoding} with step {self.step}, '
                             f'in place of {self.step * rows}: rows added below a plane are '
                             'unsupported; publish the planes without them, with their step')

    def require_even(self, *sides: str) -> None:
        for side in sides:
            if getattr(self, side) % 2:
                raise ImageError('wrong_size', f'{self.encoding} needs an even {side}, '
                                 f'not {getattr(self, side)}')


def _decode_packed(name: str, view: _View, size: int, is_bigendian: bool) -> np.ndarray:
    channels, code = PACKED[name]
    dtype = 'u1' if size == 1 else '>u2' if is_bigendian else '<u2'
    values = view.plane((view.height, view.width, channels), dtype)
    if size == 2:
        values = TO_8_BIT[values]
    if name.startswith('bayer') and min(view.height, view.width) < 3:
        raise ImageError('wrong_size', f'{view.width}x{view.height} pixels are too few to '
                         f'interpolate {view.encoding}')
    return values if code is None else cv2.cvtColor(values, code)


def _decode_yuv422(view: _View) -> np.ndarray:
    view.require_even('width')
    return cv2.cvtColor(view.plane((view.height, view.width, 2)), _YUV422[view.encoding])


def _decode_yuv420(view: _View) -> np.ndarray:
    view.require_even('width', 'height')
    luma = view.plane((view.height, view.width, 1))
    chroma = view.plane((view.height // 2, view.width // 2, 2), first_row=view.height)
    view.require_rows(view.height * 3 // 2)
    return cv2.cvtColorTwoPlane(luma, chroma, _YUV420[view.encoding])


def _decode_nv24(view: _View) -> np.ndarray:
    luma = view.plane((view.height, view.width, 1))
    chroma = view.plane((view.height, view.width, 2), first_row=view.height, rows_per_row=2)
    view.require_rows(view.height * 3)
    return cv2.transform(np.concatenate((np.maximum(luma, 16), chroma), axis=2), _YUV_TO_RGB)
