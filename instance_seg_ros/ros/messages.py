# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
InstanceMaps as messages.

Every message takes over the header of the image it was made from. Boxes are in pixels of the
input image, whose left upper corner is (0, 0): a pixel reaches from its index to index + 1, so a
box around one pixel at (3, 5) has its centre at (3.5, 5.5) and size 1 x 1.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesisWithPose,
    VisionClass,
)

from ..core.image_codec import decode_compressed, decode_raw
from ..core.instances import Instance, InstanceMap
from ..core.labels import LabelSet

_ENCODINGS = {(np.dtype(np.uint16), 2): '16UC1', (np.dtype(np.uint8), 2): 'mono8',
              (np.dtype(np.uint8), 3): 'rgb8'}


def to_image(array: np.ndarray, header: Header) -> Image:
    """Return uint16 (H, W) as 16UC1, uint8 (H, W) as mono8, uint8 (H, W, 3) as rgb8."""
    array = np.ascontiguousarray(array)
    message = Image(header=header, height=array.shape[0], width=array.shape[1],
                    encoding=_ENCODINGS[array.dtype, array.ndim], step=array.strides[0],
                    is_bigendian=int(sys.byteorder == 'big'))
    # Filling the array that is there is a copy of memory in every mode. Assigning makes rclpy
    # look at each byte: of an ndarray or memoryview always, of bytes with field checks on.
    message.data.frombytes(memoryview(array).cast('B'))
    return message


def to_detections(found: InstanceMap, header: Header) -> Detection2DArray:
    """Return one detection per instance, with its mask value as id and its class as result."""
    return Detection2DArray(
        header=header, detections=[_to_detection(i, header) for i in found.instances])


def _to_detection(instance: Instance, header: Header) -> Detection2D:
    x0, y0, x1, y1 = instance.box
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = instance.label
    result.hypothesis.score = float(instance.score)
    detection = Detection2D(header=header, id=str(instance.id), results=[result])
    detection.bbox.center.position.x = (x0 + x1) / 2
    detection.bbox.center.position.y = (y0 + y1) / 2
    detection.bbox.size_x = float(x1 - x0)
    detection.bbox.size_y = float(y1 - y0)
    return detection


def to_label_info(labels: LabelSet, threshold: float, header: Header) -> LabelInfo:
    """Return the names of the label ids in the class mask, and of instance id // 1000."""
    return LabelInfo(header=header, threshold=float(threshold), class_map=[
        VisionClass(class_id=label.id, class_name=label.name) for label in labels.labels])


def from_image(message: Any) -> np.ndarray:
    """Return an Image or a CompressedImage as uint8 (H, W, 3) RGB; raises ImageError."""
    if isinstance(message, Image):
        return decode_raw(message.encoding, message.height, message.width, message.step,
                          message.data, bool(message.is_bigendian))
    return decode_compressed(message.format, message.data)


def stamp_ns(header: Header) -> int:
    """Return a header's stamp in nanoseconds."""
    return header.stamp.sec * 1_000_000_000 + header.stamp.nanosec
