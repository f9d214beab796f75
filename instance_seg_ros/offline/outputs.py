# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's output messages, made without ROS.

They hold what `ros/messages.py` puts into them, to the bit: the tests compare the two.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from rosbags.interfaces import QosDurability

from ..bags import Topic, images, qos
from ..bags.definitions import typestore
from ..core.instances import Instance, InstanceMap
from ..core.labels import LabelSet

NODE = '/instance_seg'
_IMAGE = 'sensor_msgs/msg/Image'


@dataclass(frozen=True)
class CameraTopics:
    """The output topics of one camera; `overlay` is None when nobody wants it."""

    instance_mask: Topic
    class_mask: Topic
    detections: Topic
    label_info: Topic
    overlay: Topic | None

    @classmethod
    def under(cls, prefix: str, overlay: bool) -> 'CameraTopics':
        """Name them as the node does: `prefix` is `/instance_seg` or `/instance_seg/CAMERA`."""
        each = (qos.profile(5),)
        latched = (qos.profile(1, durability=QosDurability.TRANSIENT_LOCAL),)
        return cls(
            Topic.of(f'{prefix}/instance_mask', _IMAGE, each),
            Topic.of(f'{prefix}/class_mask', _IMAGE, each),
            Topic.of(f'{prefix}/detections', 'vision_msgs/msg/Detection2DArray', each),
            Topic.of(f'{prefix}/label_info', 'vision_msgs/msg/LabelInfo', latched),
            Topic.of(f'{prefix}/overlay', _IMAGE, each) if overlay else None)

    def __iter__(self) -> Iterator[Topic]:
        topics = (self.instance_mask, self.class_mask, self.detections, self.label_info,
                  self.overlay)
        return (topic for topic in topics if topic)

    def serialize(self, found: InstanceMap, header,
                  draw_overlay: Callable[[], np.ndarray]) -> list[tuple[Topic, bytes]]:
        """Return a frame's messages; every header is that of its image."""
        messages = [
            (self.instance_mask, images.serialize_image(header, '16UC1', found.instance_mask)),
            (self.class_mask, images.serialize_image(header, 'mono8', found.class_mask)),
            (self.detections, _serialize(_detections(found, header), self.detections))]
        if self.overlay:
            messages.append((self.overlay, images.serialize_image(header, 'rgb8',
                                                                  draw_overlay())))
        return messages

    def serialize_labels(self, labels: LabelSet, threshold: float, header) -> bytes:
        """Return the message that names the label ids."""
        types = typestore().types
        classes = [types['vision_msgs/msg/VisionClass'](class_id=label.id, class_name=label.name)
                   for label in labels.labels]
        return _serialize(types['vision_msgs/msg/LabelInfo'](
            header=header, class_map=classes, threshold=threshold), self.label_info)


def _serialize(message, topic: Topic) -> bytes:
    return bytes(typestore().serialize_cdr(message, topic.type))


def _detections(found: InstanceMap, header):
    return typestore().types['vision_msgs/msg/Detection2DArray'](
        header=header, detections=[_detection(i, header) for i in found.instances])


def _detection(instance: Instance, header):
    types = typestore().types
    x0, y0, x1, y1 = instance.box
    hypothesis = types['vision_msgs/msg/ObjectHypothesis'](
        class_id=instance.label, score=float(instance.score))
    result = types['vision_msgs/msg/ObjectHypothesisWithPose'](
        hypothesis=hypothesis, pose=_no_pose())
    center = types['vision_msgs/msg/Point2D'](x=(x0 + x1) / 2, y=(y0 + y1) / 2)
    box = types['vision_msgs/msg/BoundingBox2D'](
        center=types['vision_msgs/msg/Pose2D'](position=center, theta=0.0),
        size_x=float(x1 - x0), size_y=float(y1 - y0))
    return types['vision_msgs/msg/Detection2D'](
        header=header, results=[result], bbox=box, id=str(instance.id))


def _no_pose():
    """Return the pose as a new message has it: a picture does not tell it."""
    types = typestore().types
    pose = types['geometry_msgs/msg/Pose'](
        position=types['geometry_msgs/msg/Point'](x=0.0, y=0.0, z=0.0),
        orientation=types['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=0.0, w=1.0))
    return types['geometry_msgs/msg/PoseWithCovariance'](pose=pose, covariance=np.zeros(36))
