# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Positions in metres against KITTI's boxes: ground, depth and lidar compared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from tqdm import tqdm

from ..core.instances import InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..datasets.kitti_object import CAMERA_HEIGHT_M, KittiObject, KittiObjectFrame, TrueBox
from ..perception.lidar.oriented_box import LidarCamera
from ..perception.lidar.placement import place_with_lidar
from ..perception.lidar.projection import project
from ..perception.positions import Position3D, in_depth, on_ground

METHODS = ('ground', 'depth', 'lidar')
FEWEST_POINTS = 20
"""Objects with fewer points of the lidar in their true box are not scored."""
_CLASSES = {'Car': ('car', 'truck', 'bus'), 'Van': ('car', 'truck', 'bus'),
            'Truck': ('truck', 'bus', 'car'), 'Pedestrian': ('person', 'pedestrian'),
            'Person_sitting': ('person', 'pedestrian'),
            'Cyclist': ('rider', 'bicycle', 'bicyclist')}
"""Classes equivalent to KITTI's; the first is drawn for true boxes."""
_SAME_IOU = 0.5


@dataclass(frozen=True)
class Measured:
    """Result of a method for one object, in the camera's optical frame; yaw as in `TrueBox`."""

    center: np.ndarray
    nearest_m: float
    size: np.ndarray | None = None
    yaw: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A true object and one method's result for it; None without a result."""

    masks: str
    method: str
    truth: TrueBox
    measured: Measured | None


def evaluate_detections_3d(segmenter, data: KittiObject) -> list[Comparison]:
    """Measure the objects of all frames with every method, on true and on predicted masks."""
    results = []
    for index in tqdm(range(len(data)), desc='KITTI object', file=sys.stderr):
        frame = data[index]
        predicted = segmenter(frame.image)
        in_camera = frame.camera_from_lidar.apply(frame.xyz)
        scored = [b for b in frame.boxes if b.label in _CLASSES
                  and np.count_nonzero(b.contains(in_camera)) >= FEWEST_POINTS]
        drawn, ids = true_masks(frame, predicted)
        for masks, found, number in (
                ('boxes', drawn, ids),
                ('predicted', predicted, match(frame.boxes, predicted))):
            for method in METHODS:
                measured = measure(method, found, frame)
                results += [Comparison(masks, method, truth, measured.get(number.get(id(truth))))
                            for truth in scored]
    return results


def true_masks(frame: KittiObjectFrame, predicted: InstanceMap) -> tuple[InstanceMap, dict]:
    """Draw the hulls of the projected boxes, far ones first, over the predicted classes.

    Returns:
        The map, and the id of each `TrueBox` by its `id()`.
    """
    labels = predicted.label_set
    drawn = np.zeros(predicted.instance_mask.shape, np.uint16)
    ids: dict[int, int] = {}
    boxes = [b for b in frame.boxes if b.label in _CLASSES and (b.corners[:, 2] > 0.1).any()]
    for number, box in enumerate(sorted(boxes, key=lambda b: -b.center[2])):
        name = next(n for n in _CLASSES[box.label] if n in labels.names)
        ids[id(box)] = labels.by_name(name).id * INSTANCE_FACTOR + number
        cv2.fillConvexPoly(drawn, _hull(box, frame), ids[id(box)])
    things = np.zeros(256, bool)
    things[[label.id for label in labels.labels if label.has_instances]] = True
    stuff = np.where(things[predicted.class_mask], 0, predicted.class_mask)
    classes = np.where(drawn > 0, drawn // INSTANCE_FACTOR, stuff).astype(np.uint8)
    return InstanceMap.from_masks(labels, classes, drawn), ids


def _hull(box: TrueBox, frame: KittiObjectFrame) -> np.ndarray:
    """Return the outline of a box in the image, int32 (M, 1, 2)."""
    corners = box.corners
    x, y, z = corners[corners[:, 2] > 0.1].T
    pinhole = frame.pinhole
    pixels = np.stack([x / z * pinhole.fx + pinhole.cx, y / z * pinhole.fy + pinhole.cy], 1)
    return cv2.convexHull(np.clip(np.rint(pixels), -30000, 30000).astype(np.int32))


def match(boxes: tuple[TrueBox, ...], found: InstanceMap) -> dict[int, int]:
    """Return the id of the instance of each `TrueBox`, by its `id()`, largest overlaps first."""
    pairs = sorted(((_iou(box.box_2d, instance.box), id(box), instance.id)
                    for box in boxes for instance in found.instances
                    if instance.label in _CLASSES.get(box.label, ())), reverse=True)
    result: dict[int, int] = {}
    for iou, box, instance in pairs:
        if iou >= _SAME_IOU and box not in result and instance not in result.values():
            result[box] = instance
    return result


def _iou(a: tuple, b: tuple) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return both / max(sum(areas) - both, 1e-9)


def measure(method: str, found: InstanceMap, frame: KittiObjectFrame) -> dict[int, Measured]:
    """Return a method's results for the instances of a frame, by id."""
    if method == 'lidar':
        return dict(_with_lidar(found, frame))
    if method == 'ground':
        positions = {i.id: on_ground(i, frame.pinhole, CAMERA_HEIGHT_M) for i in found.instances}
    else:
        depth = depth_of(frame)
        positions = {i.id: in_depth(i, found, depth, frame.pinhole) for i in found.instances}
    return {number: _of_position(where) for number, where in positions.items() if where}


def depth_of(frame: KittiObjectFrame) -> np.ndarray:
    """Return the depth image that the lidar gives, metres, NaN where it has no point, (H, W)."""
    height, width = frame.image.shape[:2]
    points = project(frame.xyz, frame.camera_from_lidar, frame.pinhole, (width, height))
    depth = np.full((height, width), np.nan, np.float32)
    order = np.argsort(-points.xyz[:, 2])       # the nearest of a pixel is written last
    depth[points.row[order], points.column[order]] = points.xyz[order, 2]
    return depth


def _of_position(where: Position3D) -> Measured:
    center = np.array(where.center)
    return Measured(center, float(np.hypot(center[0], center[2]) - where.size[2] / 2))


def _with_lidar(found: InstanceMap, frame: KittiObjectFrame) -> Iterator[tuple[int, Measured]]:
    camera = LidarCamera(frame.pinhole, CAMERA_HEIGHT_M)
    for box in place_with_lidar(found, frame.xyz, frame.camera_from_lidar, camera).boxes:
        x, _, z = box.rotation[:, 0]
        yield box.instance.id, Measured(box.center, box.nearest_m, box.size,
                                        float(np.arctan2(-z, x)))


def supported(label_set: LabelSet) -> bool:
    """Whether a label set has a class for each of KITTI's."""
    return all(set(names) & set(label_set.names) for names in _CLASSES.values())
