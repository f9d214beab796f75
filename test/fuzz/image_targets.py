# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of images: messages, files, label images, clouds."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
from fuzz.harness import Target
from fuzz.refusals import refused
from hypothesis import strategies as st
from PIL import Image

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.image_codec import (
    ENCODINGS,
    ImageError,
    decode_compressed,
    decode_image_file,
    decode_raw,
)
from instance_seg_ros.datasets.sample import read_channels, read_map, read_rgb
from instance_seg_ros.perception.lidar.point_cloud import PointCloudError, decode_point_cloud

_PIXELS = np.random.default_rng(5).integers(0, 256, (18, 30, 3), np.uint8)
_ODD_SIZES = st.one_of(st.integers(0, 12), st.sampled_from([30000, 2**31 - 1, 2**32 - 1]))
_SIZES = st.one_of(*[st.integers(1, 8)] * 5, _ODD_SIZES)
_TEXTS = st.one_of(st.sampled_from(['jpeg', 'png', 'rgb8; jpeg compressed bgr8',
                                    'mono16; png compressed', '', 'h264', '32FC1; compressedDepth',
                                    '\0']),
                   st.text(max_size=20), st.just('x').map(lambda text: 100_000 * text))


def _encoded(extension: str, pixels: np.ndarray = _PIXELS, *options: int) -> bytes:
    return cv2.imencode(extension, pixels, options)[1].tobytes()


def _photograph(format: str, **options) -> bytes:  # noqa: A002
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(_PIXELS).save(file, format, exif=exif, **options)
    return file.getvalue()


_MESSAGES = (
    _encoded('.jpg'), _encoded('.jpg', _PIXELS[..., 0]), _encoded('.png'),
    _encoded('.png', _PIXELS.astype(np.uint16) * 257), _encoded('.webp'),
    _encoded('.jpg', _PIXELS, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    _photograph('jpeg', progressive=True), _photograph('png'), _photograph('webp', lossless=True))
_FILES = (*_MESSAGES, _encoded('.bmp'), _encoded('.tiff'), _encoded('.ppm'),
          _encoded('.pgm', _PIXELS[..., 0]),
          _encoded('.tiff', _PIXELS.astype(np.uint16)),
          _photograph('tiff', compression='packbits'))
_MAPS = tuple(_encoded('.png', p) for p in (
    _PIXELS[..., 0], _PIXELS[..., 0].astype(np.uint16) * 200, _PIXELS,
    np.dstack([_PIXELS, _PIXELS[..., 0]])))


def _read_compressed(case: bytes | tuple[str, bytes], folder: Path) -> str:
    format_name, data = case if isinstance(case, tuple) else ('jpeg', case)
    try:
        image = decode_compressed(format_name, data)
    except ImageError as error:
        return refused(error)
    assert image.dtype == np.uint8 and image.shape[2] == 3
    return 'accepted'


def _read_file(case: bytes, folder: Path) -> str:
    try:
        image = decode_image_file(case)
    except ImageError as error:
        return refused(error)
    assert image.dtype == np.uint8 and image.shape[2] == 3
    return 'accepted'


def _read_raw(case: tuple, folder: Path) -> str:
    try:
        image = decode_raw(*case)
    except ImageError as error:
        return refused(error)
    assert image.shape == (case[1], case[2], 3) and image.dtype == np.uint8
    return 'accepted'


def _read_label_image(case: bytes, folder: Path) -> str:
    path = folder / 'labels.png'
    path.write_bytes(case)
    outcomes = []
    for read in (read_map, read_rgb, lambda p: read_channels(p, 4)):
        try:
            read(path)
            outcomes.append('accepted')
        except UserError as error:
            outcomes.append(refused(error))
    return min(outcomes, key='accepted'.__ne__)


def _read_cloud(case: SimpleNamespace, folder: Path) -> str:
    try:
        cloud = decode_point_cloud(case)
    except PointCloudError as error:
        return refused(error)
    assert np.isfinite(cloud.xyz).all()
    return 'accepted'


_FIELDS = st.lists(st.builds(
    SimpleNamespace, name=st.sampled_from(['x', 'y', 'z', 'intensity', 'ring', 'a' * 5000]),
    offset=st.one_of(st.sampled_from([0, 4, 8, 12]), _ODD_SIZES), datatype=st.integers(0, 10),
    count=st.integers(0, 3)), max_size=6)
_XYZ = [SimpleNamespace(name=name, offset=4 * k, datatype=7, count=1)
        for k, name in enumerate(('x', 'y', 'z', 'intensity'))]
_CLOUDS = st.builds(
    SimpleNamespace, height=st.one_of(st.integers(0, 2), _ODD_SIZES), width=_SIZES,
    point_step=st.one_of(st.just(16), _ODD_SIZES), row_step=st.one_of(st.just(0), _ODD_SIZES),
    fields=st.one_of(st.just(_XYZ), _FIELDS), is_bigendian=st.booleans(),
    data=st.one_of(st.binary(max_size=300), st.builds(bytes, st.just(300))))

TARGETS = (
    Target('compressed images', _read_compressed, _MESSAGES,
           st.tuples(_TEXTS, st.sampled_from(_MESSAGES)), 0.05, weight=2.0),
    Target('image files', _read_file, _FILES, weight=2.0),
    Target('raw images', _read_raw, structured=st.tuples(
        st.one_of(*[st.sampled_from(ENCODINGS)] * 20, _TEXTS), _SIZES, _SIZES,
        st.one_of(*[st.integers(8, 48)] * 3, _ODD_SIZES), st.builds(
            bytes, st.sampled_from([0, 20, 200, 384, 800])), st.booleans()), weight=0.2),
    Target('label images', _read_label_image, _MAPS, weight=1.0),
    Target('point clouds', _read_cloud, structured=_CLOUDS, weight=0.15),
)
