# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags, written by rosbags itself: an independent writer; and fixtures of them."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from instance_seg_ros.bags import images
from instance_seg_ros.bags.definitions import typestore

FRAMES = 12
PERIOD = 100_000_000
BEGIN = 1_700_000_000_000_000_000
RAW, COMPRESSED, INFO = '/camera/image_raw', '/rear/image_raw/compressed', '/camera/note'
BEST_EFFORT = Qos(QosHistory.KEEP_LAST, 5, QosReliability.BEST_EFFORT, QosDurability.VOLATILE,
                  QosTime(0, 0), QosTime(0, 0), QosLiveliness.AUTOMATIC, QosTime(0, 0), False)
RELIABLE = BEST_EFFORT._replace(depth=100, reliability=QosReliability.RELIABLE)


def frame_pixels(index: int) -> np.ndarray:
    """Return an image, 24 x 32 x 3 uint8, that differs for each frame."""
    pixels = np.random.default_rng(index).integers(0, 256, (24, 32, 3), np.uint8)
    pixels[0, 0] = 0  # where a node with a fake segmenter looks for orders
    return pixels


def raw_image(index: int) -> bytes:
    header = images.header(BEGIN + index * PERIOD, 'camera')
    return images.serialize_image(header, 'rgb8', frame_pixels(index))


def compressed_image(index: int) -> bytes:
    header = images.header(BEGIN + index * PERIOD, 'rear')
    data = cv2.imencode('.png', frame_pixels(index)[..., ::-1])[1].tobytes()
    return images.serialize_compressed(header, 'png', data)


def note(index: int) -> bytes:
    message = typestore().types['std_msgs/msg/String'](data=f'note {index}')
    return bytes(typestore().serialize_cdr(message, 'std_msgs/msg/String'))


CONTENT = {
    RAW: ('sensor_msgs/msg/Image', raw_image),
    COMPRESSED: ('sensor_msgs/msg/CompressedImage', compressed_image),
    INFO: ('std_msgs/msg/String', note),
}


def write_bag(path: Path, topics=(RAW,), storage='mcap', compression='none',
              frames=FRAMES, qos=BEST_EFFORT) -> Path:
    """Write a bag with ``frames`` messages on each topic, a period apart."""
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
    writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer:
        connections = {
            topic: writer.add_connection(topic, CONTENT[topic][0], typestore=typestore(),
                                         offered_qos_profiles=[qos])
            for topic in topics}
        for index in range(frames):
            for topic in topics:
                writer.write(connections[topic], BEGIN + index * PERIOD,
                             CONTENT[topic][1](index))
    return path


def write_video(path: Path, frames=FRAMES, fps=20) -> Path:
    """Write a film whose images get lighter by 17 each."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for index in range(frames):
            grey = np.full((48, 64, 3), min(index * 17, 255), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format='rgb24')))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def make_bag(tmp_path):
    """Return ``make(name, topics, storage, compression, frames) -> Path``."""
    return lambda name='bag', *args, **more: write_bag(tmp_path / name, *args, **more)


@pytest.fixture
def make_video(tmp_path):
    """Return ``make(name, frames, fps) -> Path``."""
    return lambda name='video.mp4', *args, **more: write_video(tmp_path / name, *args, **more)
