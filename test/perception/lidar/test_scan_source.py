# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pairing of clouds with images: the nearest one, and a named, counted miss."""

from types import SimpleNamespace

import pytest
from perception.lidar.test_point_cloud import cloud

from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform
from instance_seg_ros.perception.lidar.scan_source import REASONS, MissingTransform, ScanSource


def header(seconds):
    return SimpleNamespace(stamp=SimpleNamespace(sec=int(seconds),
                                                 nanosec=round(seconds % 1 * 1e9)), frame_id='x')


def at(seconds, x=1.0):
    message = cloud([[x, 2.0, 3.0, 4.0]])
    message.header = header(seconds)
    return message


@pytest.fixture
def source():
    return ScanSource(lambda image, cloud: RigidTransform.identity(), tolerance_s=0.1)


def test_the_nearest_cloud_of_a_bounded_queue(source):
    for k in range(20):
        source.clouds.add(at(10 + 0.1 * k, x=float(k + 1)))
    assert source.scan_of(header(11.52)).cloud.xyz[0, 0] == 16
    assert source.trouble == '' and not source.misses
    assert source.scan_of(header(10.0)) is None             # it has left the queue
    assert source.misses == {'stamps_apart': 1} and '1.000 s' in source.trouble


def test_misses_are_named_and_counted(source):
    assert source.scan_of(header(1)) is None
    bad = at(1)
    bad.fields = []
    source.clouds.add(bad)
    assert source.scan_of(header(1)) is None and 'no field x' in source.trouble

    def missing(image, cloud):
        raise MissingTransform('camera from lidar: unknown')

    late = ScanSource(missing)
    late.clouds.add(at(1))
    assert late.scan_of(header(1)) is None and 'camera from lidar' in late.trouble
    assert source.misses == {'no_cloud': 1, 'bad_cloud': 1}
    assert late.misses == {'no_transform': 1}
    assert {*source.misses, *late.misses} < set(REASONS)


def test_trouble_ends_with_the_next_good_frame(source):
    source.scan_of(header(1))
    assert source.trouble
    source.clouds.add(at(1))
    assert source.scan_of(header(1)) is not None and source.trouble == ''
