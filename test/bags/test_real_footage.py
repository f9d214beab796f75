# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped weights on real streets, through the real node: two drives and two films."""

import json

import pytest

from instance_seg_ros.bags import BagWriter, Topic, images

pytest.importorskip('rclpy')
pytestmark = [pytest.mark.ros, pytest.mark.shared, pytest.mark.slow]

TOPIC = '/camera/image_raw/compressed'
BEGIN = 1_700_000_000_000_000_000
PATIENCE_S = 120


def bag_of(files, rate, path):
    """Write JPEG files as a bag of compressed images."""
    with BagWriter(path) as writer:
        topic = Topic.of(TOPIC, 'sensor_msgs/msg/CompressedImage')
        for index, file in enumerate(files):
            stamp = BEGIN + round(index * 1e9 / rate)
            data = images.serialize_compressed(
                images.header(stamp, 'camera'), 'jpeg', file.read_bytes())
            writer.write(topic, stamp, data)
    return path


@pytest.fixture
def footage(shared_data, tmp_path):
    """Return ``footage(name)``: the path of a bag or film."""
    def find(name):
        if name == 'camvid val':
            frames = sorted((shared_data / 'camvid' / 'val').glob('*.jpg'))
            return bag_of(frames[:15], 15, tmp_path / 'camvid')
        if name == 'kitti drive':
            frames = sorted((shared_data / 'kitti_mots_0005' / 'images').glob('*.jpg'))
            return bag_of(frames[110:120], 10, tmp_path / 'kitti')
        return shared_data / 'replay' / name

    return find


@pytest.mark.parametrize(
    'name', ['camvid val', 'kitti drive', 'highway.mp4', 'highway_traffic.mp4'])
def test_every_frame_is_accounted_for_and_cars_are_found(footage, tmp_path, start_python, name):
    output = tmp_path / 'output'
    child = start_python('-m', 'instance_seg_ros.cli', 'demo', footage(name), '--output', output,
                         '--duration', '1', '--param', 'device:=cpu')
    text, _ = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 0, text
    report = json.loads((output / 'report.json').read_text())
    frames = report['frames']
    assert frames['in'] == frames['out'] + sum(frames['dropped'].values()), text
    assert frames['out'] > 0 and not any(frames['failed'].values()), text
    assert report['instances'].get('car', 0) > 0, text
