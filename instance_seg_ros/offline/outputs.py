# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The output topics of one camera in a bag."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from rosbags.interfaces import QosDurability

from ..bags import Topic, qos
from ..bags.definitions import definition_of
from ..core.errors import UserError
from ..core.labels import LabelSet
from ..messages.outputs import LABEL_INFO, VEHICLE_POINTS, Output, lidar_cameras, outputs_of
from ..node_config.parameters import CameraSettings
from ..perception.frame_processor import ProcessedFrame
from ..perception.lidar.vehicle_cloud import VehicleCloud, VehicleCloudCollector
from .cdr import to_cdr

NODE = '/instance_seg'


class CameraOutputs:
    """The topics that the node has for a camera, named alike; iterates over them.

    Args:
        prefix: `/instance_seg` or `/instance_seg/CAMERA`.
        settings: the camera's parameters.
        requested: names of the outputs `on_request` to write.
    """

    def __init__(self, prefix: str = NODE, settings: CameraSettings | None = None,
                 requested: Collection[str] = ()) -> None:
        self.label_info = _topic(prefix, LABEL_INFO)
        self.topics = {
            output.name: _topic(prefix, output)
            for output in outputs_of(settings or CameraSettings())
            if not output.on_request or output.name in requested}
        self._outputs = [o for o in outputs_of(settings or CameraSettings())
                         if o.name in self.topics]

    def __iter__(self) -> Iterator[Topic]:
        yield from (*self.topics.values(), self.label_info)

    def serialize(self, frame: ProcessedFrame) -> list[tuple[Topic, bytes]]:
        """Return a frame's messages."""
        return [(self.topics[output.name], to_cdr(output.type, output.build(frame)))
                for output in self._outputs]

    def serialize_labels(self, labels: LabelSet, threshold: float, stamp_ns: int) -> bytes:
        """Return the message with the names of the label ids."""
        return to_cdr(LABEL_INFO.type, LABEL_INFO.build(labels, threshold, stamp_ns))


class VehicleOutputs:
    """The cloud that several cameras share; iterates over its topic, if there is one.

    Args:
        prefix: what the topics of the node begin with.
        settings: of each camera, by a name of its own.
    """

    def __init__(self, prefix: str, settings: Mapping[str, CameraSettings]) -> None:
        self._cameras = lidar_cameras(settings)
        self._collector = VehicleCloudCollector(self._cameras)
        self._topics = [_topic(prefix, VEHICLE_POINTS)] if self._cameras else []

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._topics)

    def complete(self, camera: str, frame: ProcessedFrame) -> list[VehicleCloud]:
        """Take in a frame, in the order of the frames; return the clouds that are complete."""
        return self._collector.add(camera, frame) if camera in self._cameras else []

    def serialize(self, clouds: Iterable[VehicleCloud]) -> list[tuple[Topic, bytes]]:
        """Return the messages of clouds."""
        return [(topic, to_cdr(VEHICLE_POINTS.type, VEHICLE_POINTS.build(cloud)))
                for topic in self for cloud in clouds]


def _topic(prefix: str, output: Output) -> Topic:
    if not definition_of(output.type):
        raise UserError(f'{output.name} needs the ROS package {output.type.partition("/")[0]}, '
                        'which is not installed.')
    durability = QosDurability.TRANSIENT_LOCAL if output.latched else QosDurability.VOLATILE
    return Topic.of(f'{prefix}/{output.name}', output.type,
                    (qos.profile(output.depth, durability=durability),))
