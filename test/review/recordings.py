# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A small bag with outputs of the node, whose content is known."""

from pathlib import Path

import numpy as np

from instance_seg_ros.bags import BagWriter, Topic, images
from instance_seg_ros.bags.definitions import typestore
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.offline.outputs import CameraOutputs
from instance_seg_ros.perception.frame_processor import FrameProcessor

BEGIN, PERIOD, DELAY = 1_700_000_000_000_000_000, 100_000_000, 30_000_000
LABELS = LabelSet.named('cityscapes')


def found(k: int) -> InstanceMap:
    """Return a car that moves, and a person in every second frame."""
    mask = np.zeros((48, 64), np.uint16)
    mask[20:40, 5 + k:25 + k] = 26004
    if k % 2:
        mask[5:15, 50:55] = 24001
    return InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask, {26004: 0.75})


def record(path: Path, frames: int = 12, cameras=('',), with_images: bool = True,
           dropped: int = 2, overlay: bool = False, stages: bool = True,
           stamp_of=lambda k: BEGIN + k * PERIOD, delay: int = DELAY) -> Path:
    """Write a bag; the last `dropped` images have no outputs.

    Args:
        stamp_of: returns the header stamp of frame k.
        delay: from the recording of an image to that of its outputs, in nanoseconds.
    """
    with BagWriter(path) as writer:
        for camera in cameras:
            prefix = f'/instance_seg/{camera}' if camera else '/instance_seg'
            outputs, processor = CameraOutputs(
                prefix, requested=['overlay'] if overlay else []), FrameProcessor()
            image_topic = Topic.of(f'/{camera or "camera"}/image_raw', 'sensor_msgs/msg/Image')
            timing = Topic.of(f'{prefix}/debug/total_ms', 'std_msgs/msg/Float32')
            writer.write(outputs.label_info, BEGIN, outputs.serialize_labels(LABELS, 0.0, BEGIN))
            for k in range(frames):
                stamp = BEGIN + k * PERIOD
                header = images.header(stamp_of(k), 'camera')
                image = np.full((48, 64, 3), 20 * k % 255, np.uint8)
                if with_images:
                    writer.write(image_topic, stamp, images.serialize_image(header, 'rgb8', image))
                if k >= frames - dropped:
                    continue
                frame = processor.finish(processor.prepare(image), found(k), header)
                for topic, data in outputs.serialize(frame):
                    writer.write(topic, stamp + delay, data)
                if stages:
                    value = typestore().types['std_msgs/msg/Float32'](data=10.0 + k)
                    writer.write(timing, stamp + delay, bytes(
                        typestore().serialize_cdr(value, 'std_msgs/msg/Float32')))
    return path
