# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Definitions and hashes of message types, known without a ROS installation.

The common interfaces come with rosbags; those of vision_msgs that the node publishes are here
(`test/ros/` compares their hashes with the installed package); any other type is looked up in
the installed ROS packages.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from .type_names import is_message_type

VISION_MSGS = {
    'Point2D': 'float64 x\nfloat64 y',
    'Pose2D': 'vision_msgs/Point2D position\nfloat64 theta',
    'BoundingBox2D': 'vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y',
    'ObjectHypothesis': 'string class_id\nfloat64 score',
    'ObjectHypothesisWithPose':
        'vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose',
    'Detection2D':
        'std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n'
        'vision_msgs/BoundingBox2D bbox\nstring id',
    'Detection2DArray': 'std_msgs/Header header\nvision_msgs/Detection2D[] detections',
    'BoundingBox3D': 'geometry_msgs/Pose center\ngeometry_msgs/Vector3 size',
    'Detection3D':
        'std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n'
        'vision_msgs/BoundingBox3D bbox\nstring id',
    'Detection3DArray': 'std_msgs/Header header\nvision_msgs/Detection3D[] detections',
    'VisionClass': 'uint16 class_id\nstring class_name',
    'LabelInfo':
        'std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold',
}

_IDL_RULE = '=' * 80 + '\n'


@lru_cache(maxsize=1)
def typestore() -> Typestore:
    """Return the common interfaces and vision_msgs: builds, reads and writes messages."""
    store = get_typestore(Stores.LATEST)
    for name, text in VISION_MSGS.items():
        type_name = f'vision_msgs/msg/{name}'
        store.register(get_types_from_msg(text + '\n', type_name))
    return store


@cache
def definition_of(type_name: str) -> str:
    """Return the text of a type and of all types in it; empty if the type is unknown."""
    store = typestore()
    if type_name not in store.fielddefs and not _register_installed(type_name):
        return ''
    return store.generate_msgdef(type_name, ros_version=2)[0]


@cache
def hash_of(type_name: str, definition: str, encoding: str) -> str:
    """Return the `RIHS01_...` hash of a definition's text; empty when it cannot be parsed."""
    store = get_typestore(Stores.EMPTY)
    try:
        store.register(_parse(type_name, definition, encoding))
        return store.hash_rihs01(type_name)
    except Exception:  # a text from any bag, and rosbags' parser raises whatever comes up
        return ''


def _parse(type_name: str, definition: str, encoding: str) -> dict:
    """Parse a definition as stored in bags: several types separated by rules of equal signs."""
    if encoding == 'ros2msg':
        return get_types_from_msg(definition, type_name)
    parts = [definition]
    if definition.startswith(f'{_IDL_RULE}IDL: '):
        parts = [part.split('\n', 1)[1] for part in definition.split(_IDL_RULE)[1:]]
    types = {}
    for part in parts:
        types.update(get_types_from_idl(part))
    return types


def _register_installed(type_name: str, pending: frozenset = frozenset()) -> bool:
    """Add a type of an installed ROS package, and the types in it, to the store."""
    if not is_message_type(type_name):
        return False
    package, _, name = type_name.partition('/msg/')
    path = _installed_file(package, name)
    if path is None or type_name in pending:
        return False
    types = get_types_from_msg(path.read_text(encoding='utf-8'), type_name)
    needed = {other for _, fields in types.values() for other in _types_in(fields)}
    for other in needed - set(typestore().fielddefs) - set(types):
        if not _register_installed(other, pending | {type_name}):
            return False
    typestore().register(types)
    return True


def _types_in(fields: Iterable[tuple[str, tuple[Nodetype, Any]]]) -> Iterator[str]:
    """Yield the message types that parsed fields are made of."""
    for _, (kind, value) in fields:
        if kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
            kind, value = value[0]
        if kind == Nodetype.NAME:
            yield value


def _installed_file(package: str, name: str) -> Path | None:
    """Find share/PACKAGE/msg/NAME.msg below the sourced prefixes or this environment."""
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    for prefix in (*prefixes, sys.prefix):
        path = Path(prefix, 'share', package, 'msg', f'{name}.msg')
        if path.is_file():
            return path
    return None
