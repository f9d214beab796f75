# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Drives whose objects keep their number from frame to frame: to score tracking on."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.labels import LabelSet
from ..datasets.cityscapes import Cityscapes
from ..datasets.kitti_mots import KittiMots
from ..datasets.sample import read_map

KITTI_HZ = 10.0


@dataclass(frozen=True)
class DriveFrame:
    """One frame of a drive.

    Attributes:
        seconds: its time.
        image: uint8 (H, W, 3) RGB.
        truth: int32 (H, W), label id * 1000 + number of the object, 0 = ignore region, other
            numbers below 1000 = background.
    """

    seconds: float
    image: np.ndarray
    truth: np.ndarray


class KittiDrive:
    """One drive of KITTI MOTS."""

    def __init__(self, data: KittiMots, frames: list[tuple[int, int]]) -> None:
        """Take the frames, as (index in `data`, number in the drive), in this order."""
        self._data, self._frames = data, frames

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._frames)

    def __iter__(self) -> Iterator[DriveFrame]:
        """Read the frames in order."""
        for index, number in self._frames:
            sample, truth = self._data.with_truth(index)
            yield DriveFrame(number / KITTI_HZ, sample.image, truth)


class RenderedDrive:
    """One video of `instance_seg render-scenes --sequence`, at `rate` frames a second."""

    def __init__(self, data: Cityscapes, indices: list[int], rate: float) -> None:
        """Take the frames with these indices of `data`, in this order."""
        self._data, self._indices, self._rate = data, indices, rate

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._indices)

    def __iter__(self) -> Iterator[DriveFrame]:
        """Read the frames in order."""
        for place, index in enumerate(self._indices):
            truth = read_map(self._data.ground_truth(index, 'instanceIds')).astype(np.int32)
            # Below 1000 are classes here; 0 would be an ignore region.
            yield DriveFrame(place / self._rate, self._data[index].image,
                             np.where(truth >= 1000, truth, 1))


def kitti_drives(root: Path, split: str,
                 label_set: LabelSet | str = 'cityscapes') -> list[KittiDrive]:
    """Return the drives of a folder of KITTI MOTS; raises UserError where there is none."""
    data = KittiMots(root, split, label_set)
    return [KittiDrive(data, frames) for frames in data.sequences().values()]


def rendered_drives(root: Path, split: str, rate: float) -> list[RenderedDrive]:
    """Return the videos of a folder of rendered scenes; raises UserError where there is none."""
    data, videos = Cityscapes(root, split), defaultdict(list)
    for index in range(len(data)):
        videos[data.name(index).rpartition('_')[0]].append(index)
    return [RenderedDrive(data, indices, rate) for indices in videos.values()]
