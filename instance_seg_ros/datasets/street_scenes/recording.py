# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put a rendered video into a ROS 2 bag: JPEG images and camera_info; no ROS needed."""

import cv2
import numpy as np

IMAGE_TOPIC, INFO_TOPIC = '/camera/front/image_raw/compressed', '/camera/front/camera_info'
FRAME_ID = 'camera_front_optical'
BEGIN = 1_700_000_000_000_000_000  # nanoseconds; any fixed time makes the same bag each time


def write_bag(path, frames, rate, quality=85):
    """Write frames to a new bag; returns its path.

    `frames` yields ((H, W, 3) uint8 BGR image, camera as Cityscapes' JSON); `rate` is in Hz.
    """
    from ...bags.definitions import typestore
    from ...bags.topics import Topic
    from ...bags.writer import BagWriter
    store = typestore()
    image_topic = Topic.of(IMAGE_TOPIC, 'sensor_msgs/msg/CompressedImage')
    info_topic = Topic.of(INFO_TOPIC, 'sensor_msgs/msg/CameraInfo')
    with BagWriter(path) as bag:
        for number, (image, camera) in enumerate(frames):
            stamp = BEGIN + round(number * 1e9 / rate)
            header = _header(store, stamp)
            for topic, message in ((info_topic, _camera_info(store, header, image, camera)),
                                   (image_topic, _image(store, header, image, quality))):
                bag.write(topic, stamp, bytes(store.serialize_cdr(message, topic.type)))
    return path


def _header(store, stamp):
    time = store.types['builtin_interfaces/msg/Time'](stamp // 10 ** 9, stamp % 10 ** 9)
    return store.types['std_msgs/msg/Header'](time, FRAME_ID)


def _image(store, header, image, quality):
    ok, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality,
                                            cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    if not ok:
        raise OSError('OpenCV could not encode a JPEG image.')
    return store.types['sensor_msgs/msg/CompressedImage'](header, 'jpeg', data.reshape(-1))


def _camera_info(store, header, image, camera):
    """Return the CameraInfo of a pinhole without distortion."""
    lens = camera['intrinsic']
    k = np.array([lens['fx'], 0, lens['u0'], 0, lens['fy'], lens['v0'], 0, 0, 1.0])
    p = np.insert(k.reshape(3, 3), 3, 0.0, axis=1).reshape(-1)
    roi = store.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    return store.types['sensor_msgs/msg/CameraInfo'](
        header, image.shape[0], image.shape[1], 'plumb_bob', np.zeros(5), k,
        np.eye(3).reshape(-1), p, 0, 0, roi)
