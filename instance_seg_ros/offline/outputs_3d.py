# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's `~/detections_3d` on flat ground and its `~/markers`, made without ROS.

They hold what `ros/placement.py` and `ros/markers.py` put into them, to the bit: the tests compare
the two.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..bags import Topic, images, qos
from ..bags.definitions import typestore
from ..core.instances import Instance, InstanceMap
from ..perception.overlay import instance_id_color
from ..perception.positions import Placed, on_ground, pinhole_of

_DELETE_ALL, _CUBE, _TEXT_VIEW_FACING = 3, 1, 9
_ALPHA, _THINNEST_M, _LETTERS_M = 0.4, 0.05, 0.4


@dataclass(frozen=True)
class GroundTopics:
    """Outputs of a camera whose instances stand on flat ground; `markers` may be None."""

    detections: Topic
    markers: Topic | None
    camera_info: str
    """Topic of the camera's intrinsics."""
    height_m: float
    pitch_deg: float

    @classmethod
    def of(cls, prefix: str, image_topic: str, settings: Any) -> 'GroundTopics | None':
        """Name them as the node does with these CameraSettings; None where it has none."""
        if settings.detections_3d != 'ground':
            return None
        base = image_topic.removesuffix('/compressed').rpartition('/')[0]
        info = settings.camera_info_topic or f'{base}/camera_info'
        each = (qos.profile(5),)
        return cls(
            Topic.of(f'{prefix}/detections_3d', 'vision_msgs/msg/Detection3DArray', each),
            Topic.of(f'{prefix}/markers', 'visualization_msgs/msg/MarkerArray', each)
            if settings.markers else None,
            '/' + info.lstrip('/'), settings.camera_height_m, settings.camera_pitch_deg)

    def __iter__(self) -> Iterator[Topic]:
        return (topic for topic in (self.detections, self.markers) if topic)

    def serialize(self, found: InstanceMap, header,
                  camera_info: bytes | None) -> list[tuple[Topic, bytes]]:
        """Return a frame's messages; without intrinsics nothing is placed."""
        info = camera_info and images.deserialize(camera_info, 'sensor_msgs/msg/CameraInfo')
        pinhole = pinhole_of(info, found)
        placed = [] if pinhole is None else [
            (instance, on_ground(instance, pinhole, self.height_m, math.radians(self.pitch_deg)))
            for instance in found.instances]
        placed = [(instance, where) for instance, where in placed if where]
        made = {self.detections: _make('vision_msgs/msg/Detection3DArray', header=header,
                                       detections=[_detection(*p, header) for p in placed]),
                self.markers: _make('visualization_msgs/msg/MarkerArray', markers=[
                    _marker(header, action=_DELETE_ALL),
                    *(m for p in placed for m in _box_and_name(*p, header))])}
        return [(topic, bytes(typestore().serialize_cdr(made[topic], topic.type)))
                for topic in self]


def _make(kind: str, **fields):
    return typestore().types[kind](**fields)


def _vector(x: float, y: float, z: float, kind: str = 'Vector3'):
    return _make(f'geometry_msgs/msg/{kind}', x=x, y=y, z=z)


def _pose(x: float = 0.0, y: float = 0.0, z: float = 0.0):
    return _make('geometry_msgs/msg/Pose', position=_vector(x, y, z, 'Point'),
                 orientation=_make('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0))


def _detection(instance: Instance, placed: Placed, header):
    pose = _pose(*placed.center)
    result = _make(
        'vision_msgs/msg/ObjectHypothesisWithPose',
        hypothesis=_make('vision_msgs/msg/ObjectHypothesis', class_id=instance.label,
                         score=float(instance.score)),
        pose=_make('geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=np.zeros(36)))
    box = _make('vision_msgs/msg/BoundingBox3D', center=pose, size=_vector(*placed.size))
    return _make('vision_msgs/msg/Detection3D', header=header, results=[result], bbox=box,
                 id=str(instance.id))


def _box_and_name(instance: Instance, placed: Placed, header) -> Iterator:
    (x, y, z), size = placed.center, placed.size
    red, green, blue = (value / 255 for value in instance_id_color(instance.id))
    yield _marker(header, 'boxes', instance.id, _CUBE, pose=_pose(x, y, z),
                  scale=_vector(*(max(side, _THINNEST_M) for side in size)),
                  color=(red, green, blue, _ALPHA))
    yield _marker(header, 'names', instance.id, _TEXT_VIEW_FACING,
                  pose=_pose(x, y - size[1] / 2 - _LETTERS_M, z),
                  scale=_vector(0.0, 0.0, _LETTERS_M), color=(1.0, 1.0, 1.0, 1.0),
                  text=f'{instance.label} {float(instance.score):.2f}')


def _marker(header, ns: str = '', number: int = 0, kind: int = 0, *, action: int = 0, pose=None,
            scale=None, color=(0.0, 0.0, 0.0, 0.0), text: str = ''):
    """Return a Marker with every other field as a new message has it."""
    nothing = np.empty(0, np.uint8)
    return _make(
        'visualization_msgs/msg/Marker', header=header, ns=ns, id=number, type=kind,
        action=action, pose=pose or _pose(), scale=scale or _vector(0.0, 0.0, 0.0),
        color=_make('std_msgs/msg/ColorRGBA', **dict(zip('rgba', color, strict=True))),
        lifetime=_make('builtin_interfaces/msg/Duration', sec=0, nanosec=0), frame_locked=False,
        points=[], colors=[], texture_resource='',
        texture=_make('sensor_msgs/msg/CompressedImage', header=images.header(0, ''), format='',
                      data=nothing),
        uv_coordinates=[], text=text, mesh_resource='',
        mesh_file=_make('visualization_msgs/msg/MeshFile', filename='', data=nothing),
        mesh_use_embedded_materials=False)
