# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Encodings that the package does not know go through cv_bridge, where it is installed."""

import sys
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip('rclpy')

from sensor_msgs.msg import Image  # noqa: E402

from instance_seg_ros.core.image_codec import ImageError  # noqa: E402
from instance_seg_ros.ros.image_decoding import decode_any_image  # noqa: E402

pytestmark = pytest.mark.ros
VALUES = np.array([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]], np.float32)


def image(encoding='32FC1', values=VALUES):
    message = Image(height=2, width=3, encoding=encoding, step=values.strides[0])
    message.data.frombytes(values.tobytes())
    return message


def fake_cv_bridge(convert):
    """Return a module with what is used of cv_bridge."""
    module = ModuleType('cv_bridge')

    class CvBridge:
        def imgmsg_to_cv2(self, message, encoding):
            assert encoding == 'passthrough'
            return np.frombuffer(message.data, np.float32).reshape(message.height, message.width)

    module.CvBridge, module.cvtColorForDisplay = CvBridge, convert
    return module


def test_known_encodings_do_without(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(decode_any_image(image('rgb8', pixels)), pixels)


def test_the_message_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    with pytest.raises(ImageError, match="'32FC1'.*install the ROS package cv_bridge") as error:
        decode_any_image(image())
    assert error.value.kind == 'unknown_encoding'


def test_unknown_encodings_are_converted(monkeypatch):
    asked = []

    def convert(values, encoding_in, encoding_out, scaled):
        asked.append((encoding_in, encoding_out, scaled))
        return np.zeros((*values.shape, 3), np.uint8)

    monkeypatch.setitem(sys.modules, 'cv_bridge', fake_cv_bridge(convert))
    assert decode_any_image(image()).shape == (2, 3, 3)
    assert asked == [('32FC1', 'rgb8', True)]


def test_what_cv_bridge_cannot_convert_is_an_image_error(monkeypatch):
    def convert(*_):
        raise RuntimeError('no such conversion')

    monkeypatch.setitem(sys.modules, 'cv_bridge', fake_cv_bridge(convert))
    with pytest.raises(ImageError, match="cannot convert encoding '32FC1' to rgb8: no such"):
        decode_any_image(image())


@pytest.mark.parametrize('encoding, dtype', [('32FC1', np.float32), ('16SC1', np.int16),
                                             ('32SC1', np.int32)])
def test_the_real_cv_bridge(encoding, dtype):
    try:
        import cv_bridge  # noqa: F401
    except Exception as error:      # also where it was built for another numpy
        pytest.skip(f'needs cv_bridge: {error}')
    pixels = decode_any_image(image(encoding, (VALUES * 100).astype(dtype)))
    assert pixels.shape == (2, 3, 3) and pixels.dtype == np.uint8
    assert pixels[0, 0].tolist() == [0, 0, 0] and pixels[1, 2].tolist() == [255, 255, 255]
