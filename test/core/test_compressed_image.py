# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Packed images: headers, orientation, limits, and what follows the end."""

import io
import os
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import cv2
import numpy as np
import pytest
from checkout import child_environment
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from instance_seg_ros.core.image_codec import ImageError, decode_compressed, decode_image_file
from instance_seg_ros.core.image_header import ImageHeader, read_header

GREY = cv2.resize(np.random.default_rng(3).integers(0, 256, (6, 8), np.uint8), (64, 48),
                  interpolation=cv2.INTER_CUBIC)
FORMATS = {'jpeg': '.jpg', 'png': '.png', 'webp': '.webp', 'bmp': '.bmp', 'tiff': '.tiff',
           'pnm': '.pgm'}


def encoded(extension, image=GREY):
    return cv2.imencode(extension, image)[1].tobytes()


def photograph(format, orientation):
    """Return a file of GREY with an EXIF orientation, written by Pillow."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    options = {'lossless': True} if format == 'webp' else {}
    Image.fromarray(GREY).convert('RGB').save(file, format, exif=exif, **options)
    return file.getvalue()


def refusal(decode, *arguments):
    with pytest.raises(ImageError) as error:
        decode(*arguments)
    assert error.value.kind in ImageError.KINDS and len(str(error.value)) < 400
    return error.value


@pytest.mark.parametrize('format', FORMATS)
def test_the_header_says_format_and_size(format):
    assert read_header(encoded(FORMATS[format])) == ImageHeader(format, 64, 48)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('format', ('jpeg', 'png', 'webp', 'tiff'))
def test_files_are_shown_as_viewers_show_them(format, orientation):
    data = photograph(format, orientation)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert('RGB')
    image = decode_image_file(data)
    assert image.shape == (*(GREY.shape if orientation < 5 else GREY.shape[::-1]), 3)
    assert np.abs(image - np.asarray(shown, int)).max() <= 2 and image.flags.c_contiguous


@pytest.mark.parametrize('format', ('jpeg', 'png', 'webp'))
def test_messages_stay_as_they_are_stored(format):
    """The camera's calibration and image_transport refer to the stored image."""
    image = decode_compressed(format, photograph(format, 6))
    assert np.abs(image[..., 0] - GREY.astype(int)).max() <= 12


@pytest.mark.parametrize('trailer', (
    b'\0' * 5000, b'vendor data \xff\xda\xff\xd8 and more', b'\0\0\0\x18ftypmp42' + bytes(2000),
    encoded('.jpg', GREY[:16, :16])[:-2]))
def test_what_follows_the_end_of_a_jpeg_is_ignored(trailer):
    """Motion photos carry a film, dashcams a block of their own."""
    data = encoded('.jpg')
    assert np.array_equal(decode_compressed('jpeg', data + trailer),
                          decode_compressed('jpeg', data))


def test_a_cut_jpeg_with_a_thumbnail_is_cut():
    """The end of the thumbnail in the EXIF data is not the end of the image."""
    data = encoded('.jpg')
    thumbnail = b'Exif\0\0' + encoded('.jpg', GREY[:16, :16])
    segment = b'\xff\xe1' + struct.pack('>H', len(thumbnail) + 2) + thumbnail
    whole = data[:2] + segment + data[2:]
    assert np.array_equal(decode_compressed('', whole), decode_compressed('', data))
    assert refusal(decode_compressed, '', whole[:-40]).kind == 'broken_compressed'


def chunk(kind, content):
    return (struct.pack('>I', len(content)) + kind + content
            + struct.pack('>I', zlib.crc32(kind + content)))


def png_claiming(width, height, content=b''):
    head = struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(content))
            + chunk(b'IEND', b''))


def jpeg_claiming(width, height):
    data = bytearray(encoded('.jpg'))
    place = data.find(b'\xff\xc0')
    data[place + 5:place + 9] = struct.pack('>HH', height, width)
    return bytes(data)


def webp_claiming(width, height):
    bits = (width - 1) | (height - 1) << 14
    body = b'WEBPVP8L' + struct.pack('<I', 5) + b'\x2f' + struct.pack('<I', bits) + b'\0'
    return b'RIFF' + struct.pack('<I', len(body)) + body


BOMBS = [png_claiming(30000, 30000), jpeg_claiming(24000, 24000), webp_claiming(16000, 16000),
         b'P5 60000 60000 255\n' + bytes(99), jpeg_claiming(8000, 8000),
         b'BM' + bytes(12) + struct.pack('<Iii', 40, 50000, -50000) + bytes(50)]


@pytest.mark.parametrize('data', BOMBS, ids=range(len(BOMBS)))
def test_a_claim_of_many_pixels_is_refused(data):
    error = refusal(decode_image_file, data)
    assert error.kind == 'over_limit' and '000x' in str(error)


def test_claims_cost_no_memory():
    """In a process of its own, whose address space is limited."""
    code = f"""
import resource
from instance_seg_ros.core.image_codec import ImageError, decode_compressed
resource.setrlimit(resource.RLIMIT_DATA, (600 << 20, 600 << 20))
for data in {BOMBS[:3]!r}:
    try:
        decode_compressed('jpeg', data)
    except ImageError as error:
        print(error.kind)
"""
    done = subprocess.run([sys.executable, '-c', code], env=child_environment(), text=True,
                          capture_output=True, check=True)
    assert done.stdout.split() == ['over_limit'] * 3


def test_limits_are_those_of_the_caller():
    data = encoded('.png')
    assert decode_compressed('png', data, 48 * 64).shape == (48, 64, 3)
    assert refusal(decode_compressed, 'png', data, 48 * 64 - 1).kind == 'over_limit'


def test_black_images_of_many_pixels_are_allowed():
    """They are the smallest there are for their size."""
    black = np.zeros((4000, 6000, 3), np.uint8)
    for extension in ('.jpg', '.png'):
        assert decode_image_file(encoded(extension, black)).shape == black.shape


@pytest.mark.parametrize('data, name', (
    (b'\0\0\0\x18ftypheic' + bytes(50), 'HEIC'), (b'\0\0\0\x18ftypavif' + bytes(50), 'AVIF'),
    (b'GIF89a' + bytes(50), 'GIF'), (b'v/1\x01' + bytes(50), 'OpenEXR'),
    (b'version https://git-lfs.github.com/spec/v1\n', 'git-lfs')))
def test_other_formats_are_named(data, name):
    error = refusal(decode_image_file, data)
    assert error.kind == 'unknown_encoding' and name in str(error) and 'jpeg, png' in str(error)


@pytest.mark.parametrize('extension', ('.bmp', '.tiff', '.pgm', '.jp2', '.hdr'))
def test_messages_reach_only_the_decoders_of_their_formats(extension):
    image = GREY.astype(np.float32)[..., None].repeat(3, 2) if extension == '.hdr' else GREY
    data = encoded(extension, image)
    assert refusal(decode_compressed, 'jpeg', data).kind in ('unknown_encoding',
                                                             'broken_compressed')


def test_broken_images_leave_stderr_alone():
    """Each one is reported by the caller; the codecs' own lines would flood the log."""
    code = """
import cv2, numpy as np
from instance_seg_ros.core.image_codec import ImageError, decode_compressed
data = cv2.imencode('.png', np.zeros((48, 64, 3), np.uint8))[1].tobytes()
for position in range(len(data)):
    broken = bytearray(data)
    broken[position] ^= 255
    for damaged in (bytes(broken), data[:position]):
        try:
            decode_compressed('png', damaged)
        except ImageError:
            pass
"""
    done = subprocess.run([sys.executable, '-c', code], env=child_environment(), text=True,
                          capture_output=True, check=True)
    assert done.stderr == ''


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_images_are_decoded_or_refused(data):
    """Whatever the bytes: an image within the limits, or an ImageError."""
    whole = encoded(data.draw(st.sampled_from(sorted(FORMATS.values()))))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(whole), 400) - 1))
        damaged[place:place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=4))
    for decode in (decode_image_file, lambda d: decode_compressed('jpeg', d)):
        try:
            image = decode(bytes(damaged))
        except ImageError as error:
            assert error.kind in ImageError.KINDS
        else:
            assert image.dtype == np.uint8 and image.shape[2:] == (3,)


def test_long_texts_of_a_publisher_are_shortened():
    assert len(str(refusal(decode_compressed, 'h264' + 'x' * 10 ** 6, b''))) < 400


SCAN = GREY.repeat(4, 0).repeat(4, 1)


def damaged(place):
    """Return a JPEG of which a part of the entropy coded data is zeroed."""
    data = bytearray(encoded('.jpg', SCAN))
    begin = data.find(b'\xff\xda') + 14
    data[begin + place:begin + place + 40] = b'\x55\x01' * 20
    return bytes(data)


def test_damage_within_a_jpeg_is_an_error():
    """The decoder fills in grey blocks, and only writes a line about it."""
    kinds = {refusal(decode_compressed, 'jpeg', jpeg_claiming(640, 480)).kind,
             refusal(decode_image_file, jpeg_claiming(640, 480)).kind}
    assert kinds == {'broken_compressed'}


def test_usual_flaws_of_webcams_are_no_error():
    """A byte before the end of image; libjpeg's line about it stays out of the log."""
    data = encoded('.jpg')
    flawed = data[:-2] + b'\x11' + data[-2:]
    assert np.array_equal(decode_compressed('jpeg', flawed), decode_compressed('jpeg', data))


def test_damaged_jpegs_leave_stderr_alone(capfd):
    """Also when several threads decode, and what they write themselves arrives."""
    def work(number):
        for place in range(0, 400, 40):
            with suppress(ImageError):
                decode_compressed('jpeg', damaged(place))
        os.write(2, b'line %d\n' % number)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(6)))
    assert sorted(capfd.readouterr().err.split('\n')) == ['', *(f'line {k}' for k in range(6))]


def test_decoders_work_without_stderr():
    code = """
import os, cv2, numpy as np
from instance_seg_ros.core.image_codec import decode_compressed
os.close(2)
print(decode_compressed('jpeg', cv2.imencode('.jpg', np.zeros((8, 8), np.uint8))[1]).shape)
"""
    done = subprocess.run([sys.executable, '-c', code], env=child_environment(), text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout) == (0, '(8, 8, 3)\n')
