# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""KITTI object frames: image, lidar and true boxes in metres."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from ..perception.lidar.rigid_transform import RigidTransform
from ..perception.positions import Pinhole
from .sample import read_rgb

CAMERA_HEIGHT_M = 1.65
"""Of KITTI's cameras above the road (Geiger et al., "Vision meets Robotics", 2013, figure 3)."""
_NOT_SCORED = 'DontCare'


@dataclass(frozen=True)
class TrueBox:
    """A labelled object, in the optical frame of the colour camera.

    Attributes:
        label: KITTI's class.
        truncation: share outside the image.
        occlusion: 0 visible to 3 unknown.
        box_2d: x0, y0, x1, y1 in pixels.
        center: metres, (3,).
        size: length, width, height.
        yaw: about the camera's y axis, 0 where the length lies along x, radians.
    """

    label: str
    truncation: float
    occlusion: int
    box_2d: tuple[float, float, float, float]
    center: np.ndarray
    size: np.ndarray
    yaw: float

    @property
    def axes(self) -> np.ndarray:
        """Rotation (3, 3) from the box's axes (along the length, left, up) to the camera's."""
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([[cos, -sin, 0], [0, 0, -1], [-sin, -cos, 0]])

    @property
    def corners(self) -> np.ndarray:
        """Corners in metres, (8, 3): the four at the bottom in a circle, then those above."""
        signs = np.array([(1, 1, -1), (1, -1, -1), (-1, -1, -1), (-1, 1, -1),
                          (1, 1, 1), (1, -1, 1), (-1, -1, 1), (-1, 1, 1)]) / 2
        return signs * self.size @ self.axes.T + self.center

    def contains(self, points: np.ndarray, margin: float = 0.05) -> np.ndarray:
        """Mark the points (N, 3) in the camera's frame that lie in the box, bool (N,)."""
        local = (points - self.center) @ self.axes
        return (np.abs(local) <= self.size / 2 + margin).all(1)


@dataclass(frozen=True)
class KittiObjectFrame:
    """One frame.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        xyz: the lidar's points in its own frame, float32 (N, 3).
        camera_from_lidar: to the optical frame of the colour camera.
    """

    name: str
    image: np.ndarray
    xyz: np.ndarray
    camera_from_lidar: RigidTransform
    pinhole: Pinhole
    boxes: tuple[TrueBox, ...]


class KittiObject:
    """Frames of KITTI's object benchmark.

    Its own layout (image_2/, velodyne/, calib/, label_2/, in the folder or in training/ below it)
    or one folder with NAME.jpg, NAME.bin, NAME_calib.json and NAME_boxes.txt, as is or in object/.
    """

    def __init__(self, root: str | Path) -> None:
        """List the frames; raises UserError where there are none."""
        folders = [Path(root) / part for part in ('', 'training', 'object')]
        self._official = next((f for f in folders if (f / 'label_2').is_dir()), None)
        self._folder = self._official or next(
            (f for f in folders if any(f.glob('*_boxes.txt'))), Path(root))
        labels = (self._folder.glob('label_2/*.txt') if self._official
                  else self._folder.glob('*_boxes.txt'))
        self.names = sorted(path.stem.removesuffix('_boxes') for path in labels)
        if not self.names:
            raise UserError(f'{root} has no KITTI object frames: neither label_2/NAME.txt nor '
                            'NAME_boxes.txt.')

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.names)

    def __getitem__(self, index: int) -> KittiObjectFrame:
        """Read a frame; raises UserError where a file is missing or damaged."""
        name = self.names[index]
        image, cloud, calibration, labels = self._paths(name)
        try:
            matrices = (_official_calibration(calibration) if self._official
                        else json.loads(calibration.read_text()))
            pinhole, shift, transform = camera_of(matrices)
            boxes = tuple(box for line in labels.read_text().splitlines()
                          if (box := _true_box(line, shift)))
            points = np.frombuffer(cloud.read_bytes(), '<f4').reshape(-1, 4)
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise UserError(f'{self._folder}: cannot read frame {name} ({error})') from error
        return KittiObjectFrame(name, read_rgb(image), np.ascontiguousarray(points[:, :3]),
                                transform, pinhole, boxes)

    def _paths(self, name: str) -> tuple[Path, Path, Path, Path]:
        """Return the files of a frame: image, cloud, calibration, labels."""
        f = self._folder
        if self._official:
            return (f / f'image_2/{name}.png', f / f'velodyne/{name}.bin',
                    f / f'calib/{name}.txt', f / f'label_2/{name}.txt')
        return (f / f'{name}.jpg', f / f'{name}.bin', f / f'{name}_calib.json',
                f / f'{name}_boxes.txt')


def _official_calibration(path: Path) -> dict:
    lines = (line.partition(':') for line in path.read_text().splitlines() if ':' in line)
    values = {name: np.array(numbers.split(), np.float64) for name, _, numbers in lines}
    return {name: values[name].reshape(3, -1) for name in ('P2', 'R0_rect', 'Tr_velo_to_cam')}


def camera_of(matrices: dict) -> tuple[Pinhole, np.ndarray, RigidTransform]:
    """Return the intrinsics, the reference camera's place and the lidar's pose."""
    p2 = np.array(matrices['P2'], np.float64)
    shift = np.linalg.solve(p2[:, :3], p2[:, 3])
    rectify = RigidTransform(np.array(matrices['R0_rect'], np.float64), np.zeros(3))
    lidar = RigidTransform.from_matrix(np.array(matrices['Tr_velo_to_cam']))
    pinhole = Pinhole(p2[0, 0], p2[1, 1], p2[0, 2], p2[1, 2])
    return pinhole, shift, RigidTransform(np.eye(3), shift) @ rectify @ lidar


def _true_box(line: str, shift: np.ndarray) -> TrueBox | None:
    """Read a line of label_2; None for empty ones and for regions that are not scored."""
    label, *words = line.split() or [_NOT_SCORED]
    if label == _NOT_SCORED:
        return None
    truncation, occlusion, _, *numbers = map(float, words[:14])
    height, width, length = numbers[4:7]
    bottom = np.array(numbers[7:10])
    center = bottom + shift - (0, height / 2, 0)
    return TrueBox(label, truncation, int(occlusion), tuple(numbers[:4]), center,
                   np.array([length, width, height]), numbers[10])
