# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The output topics of one camera in a bag."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rosbags.interfaces import QosDurability

from ..bags import Topic, qos
from ..bags.definitions import definition_of
from ..core.errors import UserError
from ..core.labels import LabelSet
from ..messages.outputs import LABEL_INFO, Output, outputs_of
from ..node_config.parameters import CameraSettings
from ..perception.frame_processor import ProcessedFrame
from .cdr import to_cdr

NODE = '/instance_seg'


class CameraOutputs:
    """
    The topics that the node has for a camera, named alike; iterates over them.

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


def _topic(prefix: str, output: Output) -> Topic:
    if not definition_of(output.type):
        raise UserError(f'{output.name} needs the ROS package {output.type.partition("/")[0]}, '
                        'which is not installed.')
    durability = QosDurability.TRANSIENT_LOCAL if output.latched else QosDurability.VOLATILE
    return Topic.of(f'{prefix}/{output.name}', output.type,
                    (qos.profile(output.depth, durability=durability),))
