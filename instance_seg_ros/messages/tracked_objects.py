# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tracked objects for Autoware's planner."""

from __future__ import annotations

import numpy as np

from ..core.instances import Instance
from ..perception.frame_processor import ProcessedFrame
from ..perception.motion import Motion
from ..perception.positions import Position3D
from .fields import Fields, pose_fields, vector_fields

TYPE = 'autoware_perception_msgs/msg/TrackedObjects'
_CLASSES = {'car': 1, 'truck': 2, 'bus': 3, 'motorcycle': 5, 'bicycle': 6, 'bicyclist': 6,
            'rider': 6, 'person': 7, 'pedestrian': 7}
"""autoware_perception_msgs/ObjectClassification; 0 is UNKNOWN."""
_SIGN_UNKNOWN, _AVAILABLE = 1, 2
_BOX = 0


def tracked_objects_fields(frame: ProcessedFrame) -> Fields:
    """Return the objects with a motion, with boxes whose x points along the length."""
    objects = [_object(instance, position, position.motion)
               for instance, position in frame.positions if position.motion]
    return {'header': frame.positions_header, 'objects': objects}


def _object(instance: Instance, position: Position3D, motion: Motion) -> Fields:
    rotation = _heading(position, motion)
    # Autoware's twist is in the axes of the object.
    local = rotation.T @ motion.velocity
    pose_spread, twist_spread = np.zeros((6, 6)), np.zeros((6, 6))
    if position.covariance is not None:
        pose_spread[:] = position.covariance
    pose_spread[:3, :3] = motion.covariance[:3, :3]
    twist_spread[:3, :3] = rotation.T @ motion.covariance[3:, 3:] @ rotation
    oriented = Position3D(tuple(motion.position.tolist()), position.size, rotation)
    return {
        'object_id': {'uuid': np.frombuffer(instance.id.to_bytes(16, 'little'), np.uint8)},
        'existence_probability': float(instance.score),
        'classification': [{'label': _CLASSES.get(instance.label, 0), 'probability': 1.0}],
        'kinematics': {
            'pose_with_covariance': {'pose': pose_fields(oriented),
                                     'covariance': pose_spread.reshape(36)},
            'orientation_availability': _AVAILABLE if motion.moves else _SIGN_UNKNOWN,
            'twist_with_covariance': {'twist': {'linear': vector_fields(*local.tolist())},
                                      'covariance': twist_spread.reshape(36)},
            'is_stationary': motion.updates > 2 and not motion.moves},
        'shape': {'type': _BOX, 'dimensions': vector_fields(*position.size)}}


def _heading(position: Position3D, motion: Motion) -> np.ndarray:
    """Return the rotation of the box, turned by half where it would drive backwards, (3, 3)."""
    rotation = np.eye(3) if position.rotation is None else position.rotation
    backwards = motion.moves and rotation[:, 0] @ motion.velocity < 0
    return rotation * np.array([-1.0, -1.0, 1.0]) if backwards else rotation
