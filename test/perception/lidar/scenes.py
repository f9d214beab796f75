# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A road with boxes on it, seen by a camera and scanned by a lidar: rays and nothing else."""

from dataclasses import dataclass

import numpy as np

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.perception.lidar.rigid_transform import RigidTransform
from instance_seg_ros.perception.positions import Pinhole

LABELS = LabelSet.named('cityscapes')
WIDTH, HEIGHT = 640, 240
PINHOLE = Pinhole(360.0, 360.0, 319.5, 100.0)
CAMERA_HEIGHT = 1.6
OPTICAL_FROM_LEVEL = np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0.0]])
LEVEL = np.eye(3)
ROAD, SKY = (LABELS.by_name(name).id for name in ('road', 'sky'))


@dataclass(frozen=True)
class Box:
    """A box on the road: x forward, y left of the camera, metres; yaw of its length."""

    label: str
    x: float
    y: float
    size: tuple[float, float, float]
    yaw: float = 0.0

    @property
    def center(self):
        return np.array([self.x, self.y, self.size[2] / 2 - CAMERA_HEIGHT])


def cast(origin, directions, boxes):
    """Return the distance along each ray (N, 3) and what it hits: -1 nothing, 0 road, k box k."""
    with np.errstate(divide='ignore', invalid='ignore'):
        distance = np.where(directions[:, 2] < 0,
                            -(CAMERA_HEIGHT + origin[2]) / directions[:, 2], np.inf)
        hit = np.where(np.isfinite(distance), 0, -1)
        for number, box in enumerate(boxes, 1):
            cos, sin = np.cos(box.yaw), np.sin(box.yaw)
            turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
            start, ray = turn @ (origin - box.center), directions @ turn.T
            a, b = (-np.array(box.size) / 2 - start) / ray, (np.array(box.size) / 2 - start) / ray
            enter, leave = np.minimum(a, b).max(1), np.maximum(a, b).min(1)
            nearer = (enter < leave) & (enter > 0) & (enter < distance)
            distance[nearer], hit[nearer] = enter[nearer], number
    return distance, hit


def lidar(boxes, origin=(0.0, 0.0, 0.1), rings=64, columns=2000, noise=0.0, seed=0):
    """Return the points of a spinning lidar in the level frame of the camera, float32 (N, 3)."""
    pitch, turn = np.radians(np.linspace(3, -25, rings)), np.linspace(-np.pi, np.pi, columns)
    pitch, turn = (a.ravel() for a in np.meshgrid(pitch, turn, indexing='ij'))
    rays = np.stack([np.cos(pitch) * np.cos(turn), np.cos(pitch) * np.sin(turn),
                     np.sin(pitch)], 1)
    distance, hit = cast(np.array(origin), rays, boxes)
    keep = (hit >= 0) & (distance < 100)
    distance = distance + np.random.default_rng(seed).normal(0, noise, len(distance))
    return (np.array(origin) + rays[keep] * distance[keep, None]).astype(np.float32)


def image(boxes, pinhole=PINHOLE, turn=LEVEL):
    """Return what a perfect network finds; `turn` leads from the level optical frame."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    rays = np.stack([(u - pinhole.cx) / pinhole.fx, (v - pinhole.cy) / pinhole.fy,
                     np.ones(u.shape)], 2).reshape(-1, 3) @ turn @ OPTICAL_FROM_LEVEL
    hit = cast(np.zeros(3), rays, boxes)[1].reshape(u.shape)
    ids = np.array([SKY, ROAD, *(LABELS.by_name(b.label).id * 1000 + k
                                 for k, b in enumerate(boxes))])[hit + 1]
    mask = np.where(ids >= 1000, ids, 0).astype(np.uint16)
    classes = np.where(ids >= 1000, ids // 1000, ids).astype(np.uint8)
    return InstanceMap.from_masks(LABELS, classes, mask)


FROM_LEVEL = RigidTransform(OPTICAL_FROM_LEVEL, np.zeros(3))
