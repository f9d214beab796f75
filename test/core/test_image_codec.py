# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Decoding, against a slow decoder which reads pixel by pixel from the formats' definitions."""

import array

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instance_seg_ros.core.image_codec import ENCODINGS, ImageError, decode_compressed, decode_raw

COLOR_ORDER = {'rgb': (0, 1, 2), 'bgr': (2, 1, 0), 'rgba': (0, 1, 2), 'bgra': (2, 1, 0),
               'mono': (0, 0, 0), 'UC1': (0, 0, 0), 'UC3': (2, 1, 0), 'UC4': (2, 1, 0)}
CHANNELS = {'rgb': 3, 'bgr': 3, 'rgba': 4, 'bgra': 4, 'mono': 1, 'UC1': 1, 'UC3': 3, 'UC4': 4}
PACKED = {**{f'{name}{bits}': (name, bits // 8) for name in ('rgb', 'bgr', 'rgba', 'bgra', 'mono')
             for bits in (8, 16)},
          **{f'{bits}{name}': (name, bits // 8) for name in ('UC1', 'UC3', 'UC4')
             for bits in (8, 16)}}
YUV = ('yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv', 'nv12', 'nv21', 'nv24')
BAYER = [f'bayer_{pattern}{bits}' for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')
         for bits in (8, 16)]


def minimum_step(encoding, width):
    if encoding in PACKED:
        name, size = PACKED[encoding]
        return width * CHANNELS[name] * size
    if encoding in BAYER:
        return width * (2 if encoding.endswith('16') else 1)
    return width if encoding.startswith('nv') else 2 * width


def rows_of(encoding, height):
    return {'nv12': height * 3 // 2, 'nv21': height * 3 // 2, 'nv24': height * 3}.get(
        encoding, height)


def value_at(data, offset, size, big):
    raw = data[offset:offset + size]
    value = int.from_bytes(raw, 'big' if big else 'little')
    return value if size == 1 else round(value * 255 / 65535)


def from_yuv(y, u, v):
    """BT.601 with luma 16..235 (below: black) and chroma 16..240, from its definition."""
    kr, kb = 0.299, 0.114
    luma, cb, cr = max(0, y - 16) / 219, (u - 128) / 112 * (1 - kb), (v - 128) / 112 * (1 - kr)
    red, blue = luma + cr, luma + cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return [min(255, max(0, 255 * c)) for c in (red, green, blue)]


def slow_packed(encoding, height, width, step, data, big):
    name, size = PACKED[encoding]
    result = np.zeros((height, width, 3))
    for row in range(height):
        for column in range(width):
            start = row * step + column * CHANNELS[name] * size
            for k, channel in enumerate(COLOR_ORDER[name]):
                result[row, column, k] = value_at(data, start + channel * size, size, big)
    return result


def yuv_at(encoding, height, step, data, row, column):
    pair, plane = column - column % 2, height * step
    if encoding in ('yuv422', 'uyvy'):
        at = row * step + pair * 2
        return data[at + 1 + 2 * (column % 2)], data[at], data[at + 2]
    if encoding in ('yuv422_yuy2', 'yuyv'):
        at = row * step + pair * 2
        return data[at + 2 * (column % 2)], data[at + 1], data[at + 3]
    if encoding == 'nv24':
        at = plane + row * 2 * step + 2 * column
        return data[row * step + column], data[at], data[at + 1]
    at = plane + row // 2 * step + pair
    u, v = (0, 1) if encoding == 'nv12' else (1, 0)
    return data[row * step + column], data[at + u], data[at + v]


def slow_yuv(encoding, height, width, step, data, big):
    return np.array([[from_yuv(*yuv_at(encoding, height, step, data, row, column))
                      for column in range(width)] for row in range(height)])


def slow_bayer(encoding, height, width, step, data, big):
    """Average the neighbours (3 x 3) which have the colour; for inner pixels only."""
    pattern, size = encoding[6:10], 2 if encoding.endswith('16') else 1
    values = np.array([[value_at(data, r * step + c * size, size, big) for c in range(width)]
                       for r in range(height)], float)
    result = np.zeros((height, width, 3))
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            for k, color in enumerate('rgb'):
                cells = [(r, c) for r in (row - 1, row, row + 1)
                         for c in (column - 1, column, column + 1)
                         if pattern[(r % 2) * 2 + c % 2] == color]
                if (row, column) in cells:
                    cells = [(row, column)]
                elif len(cells) == 5:           # green on red or blue: its four neighbours
                    cells = [x for x in cells if abs(x[0] - row) + abs(x[1] - column) == 1]
                result[row, column, k] = np.mean([values[x] for x in cells])
    return result


@st.composite
def raw_images(draw, encodings):
    encoding = draw(st.sampled_from(encodings))
    even = encoding in YUV
    side = st.integers(1, 5).map(lambda n: 2 * n) if even else st.integers(1, 9)
    if encoding in BAYER:
        side = st.integers(4, 8)
    height, width = draw(side), draw(side)
    step = minimum_step(encoding, width) + draw(st.sampled_from((0, 1, 2, 7, 64)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    data = rng.integers(0, 256, step * rows_of(encoding, height), np.uint8).tobytes()
    return encoding, height, width, step, data, draw(st.booleans())


@given(raw_images(sorted(PACKED)))
def test_packed_images_are_exact(image):
    assert np.array_equal(decode_raw(*image), slow_packed(*image))


@given(raw_images(YUV))
def test_yuv_images_agree_with_the_standard_to_rounding(image):
    assert np.abs(decode_raw(*image) - slow_yuv(*image)).max() <= 1.5


@given(raw_images(BAYER))
def test_bayer_images_are_bilinear_inside(image):
    inside = (slice(1, -1), slice(1, -1))
    assert np.abs(decode_raw(*image)[inside] - slow_bayer(*image)[inside]).max() <= 1


def test_every_encoding_is_tested():
    assert set(ENCODINGS) == {*PACKED, *YUV, *BAYER}


def test_padding_and_surplus_bytes_change_nothing():
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    padded = np.full((4, 6 * 3 + 5), 99, np.uint8)
    padded[:, :18] = pixels.reshape(4, 18)
    for data in (padded.tobytes(), padded.tobytes() + b'more', padded.tobytes()[:-5]):
        assert np.array_equal(decode_raw('rgb8', 4, 6, 23, data), pixels)


@pytest.mark.parametrize('container', (bytes, bytearray, memoryview, lambda b: array.array('B', b),
                                       lambda b: np.frombuffer(b, np.uint8)))
def test_any_buffer_is_taken_and_rgb_is_not_copied(container):
    data = container(bytes(range(24)))
    image = decode_raw('rgb8', 2, 4, 12, data)
    assert np.shares_memory(image, np.frombuffer(data, np.uint8))


def test_16_bit_scaling_is_over_the_full_range():
    values = np.array([[0, 128, 129, 32767, 65535]], '>u2')
    image = decode_raw('mono16', 1, 5, 10, values.tobytes(), True)
    assert image[0, :, 0].tolist() == [0, 0, 1, 127, 255]


@pytest.mark.parametrize('image, kind, words', (
    (('rgb8', 0, 4, 12, b''), 'zero_size', '4x0'),
    (('rgb8', 4, 0, 12, b''), 'zero_size', '0x4'),
    (('rgb8', 2, 4, 11, bytes(24)), 'wrong_step', '12 bytes'),
    (('rgb8', 2, 4, 0, bytes(24)), 'wrong_step', 'step 0'),
    (('mono16', 2, 4, 4, bytes(24)), 'wrong_step', '8 bytes'),
    (('nv12', 2, 4, 3, bytes(24)), 'wrong_step', 'nv12'),
    (('rgb8', 2, 4, 12, bytes(23)), 'short_data', '24'),
    (('rgb8', 2, 4, 12, b''), 'short_data', '0 bytes'),
    (('nv12', 2, 4, 4, bytes(11)), 'short_data', '12'),
    (('nv24', 2, 4, 4, bytes(23)), 'short_data', '24'),
    (('rgb8', 2**31, 2**31, 2**32 - 1, bytes(24)), 'wrong_step', 'step'),
    (('mono8', 2**32 - 1, 1, 2**32 - 1, bytes(24)), 'short_data', '24 bytes'),
    (('nv12', 3, 4, 4, bytes(24)), 'wrong_size', 'even height'),
    (('uyvy', 2, 3, 8, bytes(24)), 'wrong_size', 'even width'),
    (('bayer_rggb8', 2, 4, 4, bytes(8)), 'wrong_size', 'too few'),
    (('', 2, 4, 12, bytes(24)), 'unknown_encoding', 'rgb8'),
    (('32FC1', 2, 4, 16, bytes(32)), 'unknown_encoding', '32FC1'),
))
def test_what_does_not_fit_is_named(image, kind, words):
    with pytest.raises(ImageError, match=words) as error:
        decode_raw(*image)
    assert error.value.kind == kind and kind in ImageError.KINDS


@settings(deadline=None)
@given(st.sampled_from((*ENCODINGS, '32FC1', '')), st.integers(0, 9), st.integers(0, 9),
       st.integers(0, 99), st.binary(max_size=300), st.booleans())
def test_any_fields_give_an_image_of_that_size_or_an_image_error(encoding, height, width, step,
                                                                 data, big):
    try:
        image = decode_raw(encoding, height, width, step, data, big)
    except ImageError as error:
        assert error.kind in ImageError.KINDS
    else:
        assert image.shape == (height, width, 3) and image.dtype == np.uint8


# Compressed images

RGB = np.random.default_rng(3).integers(0, 256, (12, 16, 3), np.uint8)
SMOOTH = cv2.resize(RGB, (64, 48), interpolation=cv2.INTER_CUBIC)


def encoded(extension, image, *options):
    return cv2.imencode(extension, image, options)[1].tobytes()


@pytest.mark.parametrize('extension', ('.png', '.webp'))
@pytest.mark.parametrize('format', ('png', '', 'rgb8; png compressed bgr8',
                                    'bgr8; png compressed bgr8'))
def test_lossless_compression_is_exact(extension, format):
    data = encoded(extension, RGB[..., ::-1], *((cv2.IMWRITE_WEBP_QUALITY, 101)
                                                if extension == '.webp' else ()))
    assert np.array_equal(decode_compressed(format, data), RGB)


def test_jpeg_is_what_another_decoder_makes_of_it():
    image_module = pytest.importorskip('PIL.Image')
    import io
    data = encoded('.jpg', SMOOTH[..., ::-1])
    expected = np.asarray(image_module.open(io.BytesIO(data)).convert('RGB'), int)
    assert np.abs(decode_compressed('rgb8; jpeg compressed bgr8', data) - expected).max() <= 2


def test_exif_orientation_does_not_turn_the_image():
    image_module = pytest.importorskip('PIL.Image')
    import io
    file = io.BytesIO()
    exif = image_module.Exif()
    exif[0x0112] = 6
    image_module.fromarray(SMOOTH).save(file, 'jpeg', exif=exif)
    assert decode_compressed('jpeg', file.getvalue()).shape == SMOOTH.shape


def test_channels_packed_as_rgb_are_taken_as_rgb():
    image = decode_compressed('rgb8; png compressed rgb8', encoded('.png', RGB))
    assert np.array_equal(image, RGB)


def test_grey_alpha_16_bit_and_bayer():
    grey = RGB[..., 0]
    assert np.array_equal(decode_compressed('mono8; png compressed mono8', encoded('.png', grey)),
                          np.stack([grey] * 3, 2))
    alpha = np.dstack((RGB[..., ::-1], grey))
    assert np.array_equal(decode_compressed('png', encoded('.png', alpha)), RGB)
    deep = RGB[..., ::-1].astype(np.uint16) * 257
    assert np.array_equal(decode_compressed('rgb16; png compressed bgr16', encoded('.png', deep)),
                          RGB)
    assert np.array_equal(
        decode_compressed('bayer_gbrg8; png compressed ', encoded('.png', grey)),
        decode_raw('bayer_gbrg8', 12, 16, 16, grey.tobytes()))


@pytest.mark.parametrize('extension', ('.jpg', '.png', '.webp'))
@given(part=st.floats(0, 0.999))
@settings(max_examples=30, deadline=None)
def test_a_truncated_file_is_refused(extension, part):
    data = encoded(extension, SMOOTH)
    with pytest.raises(ImageError) as error:
        decode_compressed('jpeg', data[:int(part * len(data))])
    assert error.value.kind == 'broken_compressed'


@given(st.binary(max_size=200))
def test_garbage_is_refused(data):
    with pytest.raises(ImageError):
        decode_compressed('jpeg', data)


@pytest.mark.parametrize('format', ('16UC1; compressedDepth png', 'h264', 'hevc'))
def test_other_compressions_are_named(format):
    with pytest.raises(ImageError, match=format) as error:
        decode_compressed(format, encoded('.png', RGB))
    assert error.value.kind == 'unknown_encoding'


def test_a_long_encoding_is_shortened():
    with pytest.raises(ImageError) as error:
        decode_raw('x' * 4_000_000, 4, 4, 12, bytes(48))
    assert len(str(error.value)) < 1000


# cv_bridge, where a ROS installation has it

@pytest.mark.parametrize('encoding', ('rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8', 'mono16',
                                      'bayer_rggb8', 'bayer_bggr8', 'bayer_gbrg8', 'bayer_grbg8',
                                      'yuv422', 'yuv422_yuy2'))
def test_cv_bridge_agrees(encoding):
    try:
        from cv_bridge import CvBridge
        from sensor_msgs.msg import Image
    except Exception as error:      # also where it was built for another numpy
        pytest.skip(f'needs cv_bridge: {error}')
    step = minimum_step(encoding, 16)
    data = np.random.default_rng(1).integers(0, 256, step * 12, np.uint8).tobytes()
    message = Image(encoding=encoding, height=12, width=16, step=step)
    message.data.frombytes(data)
    expected = CvBridge().imgmsg_to_cv2(message, 'rgb8').astype(int)
    assert np.abs(decode_raw(encoding, 12, 16, step, data) - expected).max() <= 1
