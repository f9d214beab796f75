# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Content of a bag: topics and serialized messages."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rosbags.interfaces import Connection, MessageDefinitionFormat, Qos

from . import definitions
from .type_names import canonical_type

IMAGE_TYPES = {
    'sensor_msgs/msg/Image': 'raw',
    'sensor_msgs/msg/CompressedImage': 'compressed',
}

CDR = 'cdr'
_ENCODINGS = {
    MessageDefinitionFormat.MSG: 'ros2msg',
    MessageDefinitionFormat.IDL: 'ros2idl',
    MessageDefinitionFormat.NONE: '',
}


@dataclass(frozen=True)
class Topic:
    """One topic of a bag, with everything a writer or publisher needs to offer it again."""

    name: str
    type: str
    """Such as `sensor_msgs/msg/Image`."""
    count: int = field(default=0, compare=False)
    """Messages in the bag."""
    qos: tuple[Qos, ...] = field(default=(), compare=False)
    """The profiles that its publishers offered."""
    definition: str = field(default='', compare=False, repr=False)
    """Text of the type and of all types in it; empty if unknown."""
    definition_encoding: str = field(default='', compare=False)
    """`ros2msg`, `ros2idl`, or empty without a definition."""
    type_hash: str = field(default='', compare=False)
    """`RIHS01_...`, or empty without a definition."""
    serialization: str = field(default='cdr', compare=False)

    @property
    def is_image(self) -> bool:
        """Whether the messages are images, raw or compressed."""
        return self.type in IMAGE_TYPES and self.is_cdr

    @property
    def is_cdr(self) -> bool:
        """Whether the messages are serialized as ROS 2 does; MCAP may contain JSON or others."""
        return self.serialization == CDR

    @classmethod
    def of(cls, name: str, type_name: str, qos: tuple[Qos, ...] = ()) -> 'Topic':
        """Build a topic of a type that is defined in this package or the ROS installation."""
        return cls(name, type_name, qos=qos).completed()

    @classmethod
    def from_connection(cls, connection: Connection) -> 'Topic':
        """Take over what rosbags read."""
        return cls(
            connection.topic, _type_name(connection.msgtype, connection.ext.serialization_format),
            connection.msgcount,
            tuple(connection.ext.offered_qos_profiles), connection.msgdef.data,
            _ENCODINGS[connection.msgdef.format], connection.digest,
            connection.ext.serialization_format or CDR,
        ).completed()

    def completed(self) -> 'Topic':
        """Fill in the definition and the type hash where the bag has none and they are known."""
        topic = self
        if not topic.is_cdr:
            return topic
        if not topic.definition:
            text = definitions.definition_of(topic.type)
            topic = replace(topic, definition=text, definition_encoding='ros2msg' if text else '')
        if not topic.type_hash and topic.definition:
            digest = definitions.hash_of(topic.type, topic.definition, topic.definition_encoding)
            topic = replace(topic, type_hash=digest)
        return topic


def _type_name(name: str, serialization: str) -> str:
    return canonical_type(name) if serialization in (CDR, '') else name


class Message(NamedTuple):
    """A message as it lies in the bag."""

    stamp: int
    """Time of recording in nanoseconds."""
    topic: Topic
    data: bytes
    """The serialized message, CDR header included."""
