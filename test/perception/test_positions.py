# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects whose place is known, seen through a pinhole, are found where they are."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.core.instances import Instance, InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.perception.positions import Pinhole, in_depth, on_ground, pinhole_of

PINHOLE = Pinhole(700.0, 710.0, 640.0, 360.0)
LABELS = LabelSet.named('cityscapes')


def seen(x0, y0, x1, y1):
    return Instance(26000, 'car', 26, 1.0, (x0, y0, x1, y1), 1)


@given(st.floats(1, 3), st.floats(-0.2, 0.2), st.floats(-5, 5), st.floats(3, 60))
def test_a_point_on_the_ground_is_found_again(height, pitch, x, distance):
    # In the level frame the foot is at (x, height, distance); the camera looks down by pitch.
    y = height * np.cos(pitch) - distance * np.sin(pitch)
    z = height * np.sin(pitch) + distance * np.cos(pitch)
    u, v = PINHOLE.fx * x / z + PINHOLE.cx, PINHOLE.fy * y / z + PINHOLE.cy
    placed = on_ground(seen(u - 20, v - 30, u + 20, v), PINHOLE, height, pitch)
    assert placed.center[0] == pytest.approx(x, abs=1e-6 * z)
    assert placed.center[2] == pytest.approx(z, rel=1e-6)
    assert placed.size == pytest.approx((40 / 700 * z, 30 / 710 * z, 0))


@pytest.mark.parametrize('bottom', (300, 360, 361))
def test_nothing_stands_at_the_horizon_or_above(bottom):
    assert on_ground(seen(600, 200, 640, bottom), PINHOLE, 1.5) is None


@given(st.floats(0.5, 50), st.integers(0, 2**32 - 1))
def test_depth_is_the_median_of_the_mask_and_ignores_what_is_not_valid(z, seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros((40, 60), np.uint16)
    mask[10:30, 20:50] = 26000
    found = InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask)
    depth = np.full(mask.shape, 99.0, np.float32)
    depth[mask > 0] = z * rng.uniform(0.99, 1.01, 600)
    depth[10:14, 20:50] = (np.nan, np.inf, 0, -1, *[0] * 26)
    pinhole = Pinhole(50.0, 50.0, 30.0, 20.0)
    placed = in_depth(found.instances[0], found, depth, pinhole)
    assert placed.center == pytest.approx((5 * z / 50, 0, z), rel=0.02, abs=1e-6)
    assert placed.size == pytest.approx((30 * z / 50, 20 * z / 50, 0.016 * z), rel=0.25)


def test_an_instance_without_depth_has_no_place():
    mask = np.full((4, 4), 26000, np.uint16)
    found = InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask)
    assert in_depth(found.instances[0], found, np.zeros((4, 4)), PINHOLE) is None


def camera_info(**roi):
    window = {'x_offset': 0, 'y_offset': 0, 'width': 0, 'height': 0} | roi
    return SimpleNamespace(
        width=1920, height=1200, p=[1000.0, 0, 960.0, 0, 0, 1000.0, 600.0, 0, 0, 0, 1, 0],
        k=[0.0] * 9, roi=SimpleNamespace(**window))


@pytest.mark.parametrize('size, roi, expected', (
    ((1920, 1200), {}, (1000, 1000, 960, 600)),
    ((960, 600), {}, (500, 500, 480, 300)),
    ((1920, 1200), {'width': 1920, 'height': 1200}, (1000, 1000, 960, 600)),
    ((1920, 800), {'y_offset': 400, 'width': 1920, 'height': 800}, (1000, 1000, 960, 200)),
    ((960, 400), {'y_offset': 400, 'width': 1920, 'height': 800}, (500, 500, 480, 100)),
    ((640, 400), {'x_offset': 320, 'y_offset': 100, 'width': 1280, 'height': 800},
     (500, 500, 320, 250))))
def test_the_camera_is_that_of_the_window_and_the_size_of_the_image(size, roi, expected):
    found = SimpleNamespace(width=size[0], height=size[1])
    assert pinhole_of(camera_info(**roi), found) == Pinhole(*expected)


def test_a_camera_info_that_tells_nothing_is_no_camera():
    found, info = SimpleNamespace(width=4, height=4), camera_info()
    info.p[0] = 0.0
    assert pinhole_of(None, found) is pinhole_of(info, found) is None
