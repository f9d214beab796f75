# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Headers of compressed images, read without decoding and without allocation."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from .exif import read_orientation, read_tags

MESSAGE_FORMATS = ('jpeg', 'png', 'webp')
"""Formats of `sensor_msgs/CompressedImage`."""
FILE_FORMATS = (*MESSAGE_FORMATS, 'bmp', 'tiff', 'pnm')

_SIZE_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})    # JPEG's SOF markers
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
_NEXT_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')
_PNM = re.compile(rb'P[1-6](?:\s+|#[^\n]*\n)+(\d{1,9})(?:\s+|#[^\n]*\n)+(\d{1,9})\s')
_WIDTH, _HEIGHT = 256, 257      # TIFF tags


@dataclass(frozen=True)
class ImageHeader:
    """Format, size in pixels as stored, EXIF orientation, and whether the end is there."""

    format: str
    width: int
    height: int
    orientation: int = 1
    complete: bool = True


def read_header(data: bytes) -> ImageHeader | None:
    """Return the header of an image file or message; None where it is of no known format."""
    for magic, read in _READERS:
        if data.startswith(magic):
            try:
                return read(data)
            except (struct.error, IndexError):      # it ends within the header
                return None
    return None


def foreign_format(data: bytes) -> str:
    """Name a format that is recognised but not supported; empty for anything else."""
    if data[4:8] == b'ftyp':
        brand = bytes(data[8:12])
        if brand in (b'heic', b'heix', b'hevc', b'mif1', b'msf1', b'heim', b'heis'):
            return 'HEIC'
        return 'AVIF' if brand in (b'avif', b'avis') else 'MP4'
    for magic, name in ((b'GIF8', 'GIF'), (b'\0\0\0\x0cjP', 'JPEG 2000'), (b'\xffO\xffQ',
                        'JPEG 2000'), (b'#?RADIANCE', 'HDR'), (b'v/1\x01', 'OpenEXR'),
                        (b'\xff\x0a', 'JPEG XL'), (b'\0\0\0\x0cJXL ', 'JPEG XL'),
                        (b'BM', 'BMP'), (b'II*\0', 'TIFF'), (b'MM\0*', 'TIFF'),
                        (b'version https://git-lfs', 'a git-lfs pointer (run `git lfs pull`)')):
        if data.startswith(magic):
            return name
    return ''


def _read_jpeg(data: bytes) -> ImageHeader | None:
    """Walk over the segments (ITU-T T.81, B.1.1); what follows the end of image is ignored."""
    size, orientation, position = None, 1, 2
    while position + 4 <= len(data):
        marker = data[position + 1]
        if data[position] != 0xFF:
            return None if size is None else ImageHeader('jpeg', *size, orientation, False)
        if marker == _END:
            break
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            position += 1 if marker == 0xFF else 2
            continue
        length, = struct.unpack_from('>H', data, position + 2)
        if marker in _SIZE_OF_FRAME:
            height, width = struct.unpack_from('>HH', data, position + 5)
            size = width, height
        elif marker == _APP1 and data[position + 4:position + 10] == b'Exif\0\0':
            orientation = read_orientation(data[position + 10:position + 2 + length])
        position += 2 + length
        if marker == _START_OF_SCAN:
            found = _NEXT_MARKER.search(data, position)
            position = found.start() if found else len(data)
    complete = data[position:position + 2] == b'\xff\xd9'
    return size and ImageHeader('jpeg', *size, orientation, complete)


def _read_png(data: bytes) -> ImageHeader | None:
    """Walk over the chunks (PNG 5.3) and check their sums."""
    if data[12:16] != b'IHDR':
        return None
    width, height = struct.unpack_from('>II', data, 16)
    view, position, orientation = memoryview(data), 8, 1
    while position + 12 <= len(data):
        length, = struct.unpack_from('>I', data, position)
        kind, end = data[position + 4:position + 8], position + 8 + length
        if end + 4 > len(data) or not kind.isalpha():
            break
        if zlib.crc32(view[position + 4:end]) != struct.unpack_from('>I', data, end)[0]:
            break
        if kind == b'eXIf':
            orientation = read_orientation(data[position + 8:end])
        if kind == b'IEND':
            return ImageHeader('png', width, height, orientation)
        position = end + 4
    return ImageHeader('png', width, height, orientation, False)


def _read_webp(data: bytes) -> ImageHeader | None:
    """Walk over the chunks (RFC 9649)."""
    if data[8:12] != b'WEBP':
        return None
    end = 8 + struct.unpack_from('<I', data, 4)[0]
    size, orientation, position = None, 1, 12
    while position + 8 <= min(end, len(data)):
        kind, length = data[position:position + 4], struct.unpack_from('<I', data, position + 4)[0]
        if size is None:
            size = _webp_size(kind, data[position + 8:position + 18])
        if kind == b'EXIF':
            body = data[position + 8:position + 8 + length]
            orientation = read_orientation(body.removeprefix(b'Exif\0\0'))
        position += 8 + length + length % 2
    return size and ImageHeader('webp', *size, orientation, end <= len(data))


def _webp_size(kind: bytes, head: bytes) -> tuple[int, int] | None:
    if kind == b'VP8 ' and head[3:6] == b'\x9d\x01\x2a':
        width, height = struct.unpack_from('<HH', head, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b'VP8L' and head[:1] == b'\x2f':
        bits, = struct.unpack_from('<I', head, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b'VP8X':
        return (int.from_bytes(head[4:7], 'little') + 1,
                int.from_bytes(head[7:10], 'little') + 1)
    return None


def _read_bmp(data: bytes) -> ImageHeader:
    if struct.unpack_from('<I', data, 14)[0] == 12:     # OS/2's
        width, height = struct.unpack_from('<HH', data, 18)
    else:
        width, height = struct.unpack_from('<ii', data, 18)
    return ImageHeader('bmp', width, abs(height))


def _read_tiff(data: bytes) -> ImageHeader | None:
    tags = read_tags(data)
    if _WIDTH not in tags or _HEIGHT not in tags:
        return None
    # Orientation 1: OpenCV applies that of a TIFF itself.
    return ImageHeader('tiff', tags[_WIDTH], tags[_HEIGHT])


def _read_pnm(data: bytes) -> ImageHeader | None:
    found = _PNM.match(data, 0, 4096)
    return found and ImageHeader('pnm', int(found[1]), int(found[2]))


_READERS = (
    (b'\xff\xd8', _read_jpeg), (b'\x89PNG\r\n\x1a\n', _read_png), (b'RIFF', _read_webp),
    (b'BM', _read_bmp), (b'II*\0', _read_tiff), (b'MM\0*', _read_tiff), (b'P', _read_pnm))
