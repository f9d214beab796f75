# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One cloud with what all cameras of a vehicle see in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.stamps import NANOSECONDS, stamp_ns
from ..frame_processor import ProcessedFrame
from .labelled_points import LabelledPoints, labelled_points
from .scan import Scan

_LATE_NS = NANOSECONDS
"""An older cloud is late if it is at most that much older; otherwise time has jumped back."""


class VehicleCloud(NamedTuple):
    """The points of a cloud that one or more cameras see.

    Attributes:
        header: std_msgs/Header of the cloud.
        points: of all cameras, each point once; xyz in the cloud's frame.
        camera: place of the camera in the list of cameras, uint8 (M,).
    """

    header: Any
    points: LabelledPoints
    camera: np.ndarray


class VehicleCloudCollector:
    """Collects what the cameras say of each cloud: one result a cloud.

    A cloud is complete when each camera has contributed a frame, at the latest when a frame
    comes that belongs to the next cloud.

    Args:
        cameras: their names; at most 255.
    """

    def __init__(self, cameras: Sequence[str]) -> None:
        self._cameras = tuple(cameras)
        self._stamp: int | None = None
        self._scan: Scan | None = None      # None once its cloud is complete
        self._views: dict[str, LabelledPoints] = {}

    def add(self, camera: str, frame: ProcessedFrame) -> list[VehicleCloud]:
        """Take in a frame; return the clouds that are complete."""
        scan, pinhole = frame.geometry.scan, frame.pinhole
        if scan is None or pinhole is None:
            return []
        stamp, complete = stamp_ns(scan.header), []
        if stamp != self._stamp:
            if self._stamp is not None and 0 < self._stamp - stamp <= _LATE_NS:
                return []
            complete = self._complete()
            self._stamp, self._scan = stamp, scan
        if self._scan is not None:
            self._views[camera] = labelled_points(
                frame.result, scan, pinhole, frame.overlay_style.palette)
            if len(self._views) == len(self._cameras):
                complete += self._complete()
        return complete

    def reset(self) -> None:
        """Forget the cloud in progress."""
        self._stamp = self._scan = None
        self._views = {}

    def _complete(self) -> list[VehicleCloud]:
        scan, views, self._scan, self._views = self._scan, self._views, None, {}
        if scan is None:
            return []
        return [_merged(scan, [(place, views[name]) for place, name in enumerate(self._cameras)
                               if name in views])]


def _merged(scan: Scan, views: list[tuple[int, LabelledPoints]]) -> VehicleCloud:
    """Join views; a point on an instance in one of them is on that, else the first one counts."""
    index, label, instance, rgb = (
        np.concatenate([getattr(view, name) for _, view in views])
        for name in ('index', 'label', 'instance', 'rgb'))
    camera = np.concatenate([np.full(len(view.index), place, np.uint8) for place, view in views])
    order = np.argsort(index * 2 + (instance == 0), kind='stable')
    chosen = order[np.diff(index[order], prepend=-1) > 0]
    index = index[chosen]
    return VehicleCloud(scan.header, LabelledPoints(
        index, scan.cloud.xyz[index], scan.cloud.intensity[index], label[chosen],
        instance[chosen], rgb[chosen]), camera[chosen])
