# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""3D positions of the instances of a frame: ground, depth image and lidar."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from ..core.instances import InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..perception.lidar.oriented_box import LidarCamera
from ..perception.lidar.placement import place_with_lidar
from ..perception.lidar.point_cloud import decode_point_cloud
from ..perception.lidar.rigid_transform import RigidTransform
from ..perception.positions import Pinhole, in_depth, on_ground
from .arguments import settings
from .measure import Times
from .report import Report

_LABELS = LabelSet.named('cityscapes')
_SIZE, _PINHOLE = (1242, 375), Pinhole(720.0, 720.0, 620.5, 170.0)
_HEIGHT_M, _WALL_M = 1.65, 35.0
_RINGS = 64
_CAMERA = LidarCamera(_PINHOLE, _HEIGHT_M)
_FROM_LIDAR = RigidTransform(np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0.0]]), np.zeros(3))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--points', nargs='+', type=int, default=[100_000], metavar='N',
                        help='of the cloud, all round')
    parser.add_argument('--instances', nargs='+', type=int, default=[10, 30], metavar='N')
    parser.add_argument('--repeats', type=int, default=100, metavar='N',
                        help='frames to time (100)')


def run(args: argparse.Namespace) -> Report:
    """Place cars and persons that stand in front of a wall."""
    rows = []
    for points in args.points:
        for count in args.instances:
            found, message = scene(points, count)
            xyz = decode_point_cloud(message).xyz
            for method, work in _methods(found, xyz, message).items():
                times = Times(tuple(_cpu_ms(work) for _ in range(args.repeats)))
                rows.append({'points': len(xyz), 'instances': count, 'method': method,
                             'median_ms': times.median, 'best_ms': min(times.ms)})
    return Report('lidar', ('points', 'instances', 'method'), rows, settings(args), [
        f'Milliseconds of processor time a frame, image {_SIZE[0]}x{_SIZE[1]}, half of the '
        'instances cars, half persons; one thread.',
        'lidar: projection, association, ground plane, boxes; decoding the message is apart.'])


def _methods(found: InstanceMap, xyz: np.ndarray, message) -> dict[str, Callable[[], object]]:
    depth = np.full(found.instance_mask.shape, 20.0, np.float32)
    return {
        'ground': lambda: [on_ground(i, _PINHOLE, _HEIGHT_M) for i in found.instances],
        'depth': lambda: [in_depth(i, found, depth, _PINHOLE) for i in found.instances],
        'lidar': lambda: place_with_lidar(found, xyz, _FROM_LIDAR, _CAMERA),
        'decode cloud': lambda: decode_point_cloud(message)}


def _cpu_ms(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return (time.thread_time() - begin) * 1e3


def scene(points: int, count: int, seed: int = 0):
    """Return the instances, and a PointCloud2 in the lidar's frame."""
    rng = np.random.default_rng(seed)
    distances = rng.uniform(14, 30, count)
    bearings = rng.permutation(np.linspace(-0.6, 0.6, count))
    ids = np.array([_LABELS.by_name('car' if k % 2 else 'person').id * INSTANCE_FACTOR + k
                    for k in range(count)])
    widths, heights = np.where(np.arange(count) % 2, 1.2, 0.6), np.full(count, 1.6)
    xyz = _scan(points, distances, bearings, widths)
    fields = [SimpleNamespace(name=n, offset=4 * k, datatype=7, count=1)
              for k, n in enumerate(('x', 'y', 'z', 'intensity'))]
    data = np.concatenate([xyz, np.zeros((len(xyz), 1), np.float32)], 1).tobytes()
    message = SimpleNamespace(height=1, width=len(xyz), fields=fields, is_bigendian=False,
                              point_step=16, row_step=16 * len(xyz), data=data)
    return _image(distances, bearings, widths, heights, ids), message


def _scan(points: int, distances, bearings, widths) -> np.ndarray:
    """Return what a lidar sees of upright panels, a round wall and the road, (N, 3)."""
    turn = np.linspace(-np.pi, np.pi, points // _RINGS, endpoint=False)
    pitch = np.radians(np.linspace(2, -24.8, _RINGS))[:, None]
    reach = np.full(len(turn), _WALL_M)
    for distance, bearing, width in zip(distances, bearings, widths, strict=True):
        on_panel = np.abs(turn - bearing) < width / 2 / distance
        reach = np.where(on_panel, np.minimum(reach, distance), reach)
    ground = np.where(pitch < 0, _HEIGHT_M / np.tan(np.maximum(-pitch, 1e-6)), np.inf)
    level = np.minimum(reach[None], ground)         # (rings, turns)
    x, y, z = level * np.cos(turn), level * np.sin(turn), level * np.tan(pitch)
    return np.stack([x, y, z], 2).reshape(-1, 3).astype(np.float32)


def _image(distances, bearings, widths, heights, ids) -> InstanceMap:
    width, height = _SIZE
    mask, classes = np.zeros((height, width), np.uint16), np.zeros((height, width), np.uint8)
    classes[int(_PINHOLE.cy) + 8:] = _LABELS.by_name('road').id
    for k in np.argsort(-distances):
        z = distances[k] * np.cos(bearings[k])
        u = _PINHOLE.cx - np.tan(bearings[k]) * _PINHOLE.fx
        half = widths[k] / 2 * _PINHOLE.fx / z
        top, foot = (_PINHOLE.cy + y * _PINHOLE.fy / z for y in
                     (_HEIGHT_M - heights[k], _HEIGHT_M))
        window = np.s_[max(0, round(top)):min(height, round(foot)),
                       max(0, round(u - half)):min(width, round(u + half))]
        mask[window], classes[window] = ids[k], ids[k] // INSTANCE_FACTOR
    return InstanceMap.from_masks(_LABELS, classes, mask)
