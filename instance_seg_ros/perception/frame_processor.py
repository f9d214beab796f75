# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The chain of one camera around the segmenter, for the node and for bags alike.

``prepare`` takes the region to segment from an image; the segmenter's result goes through
``finish``, which restores image coordinates, tracks, and returns all that the outputs in
``messages`` are built from.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..core.instances import InstanceMap
from ..core.stamps import stamp_ns
from .image_region import ImageRegion
from .lidar.lidar_placer import LidarPlacer
from .lidar.rigid_transform import RigidTransform
from .lidar.scan import Scan
from .motion import MotionFilter
from .overlay import OverlayStyle
from .positions import Located, Pinhole, Placer, pinhole_of


class TargetFrame(NamedTuple):
    """A frame, and the transform to it from the camera's optical frame."""

    frame_id: str
    from_camera: RigidTransform


class Geometry(NamedTuple):
    """What is known of the camera and the scene at the time of an image."""

    camera_info: Any = None
    """sensor_msgs/CameraInfo, of rclpy or of rosbags."""
    depth_m: np.ndarray | None = None
    """float (H, W), metres."""
    scan: Scan | None = None
    """Points of a lidar."""
    target: TargetFrame | None = None
    """Where positions are wanted; None for the camera's optical frame."""


class CameraMount(NamedTuple):
    """How a camera is mounted above flat ground; the pitch is positive looking down."""

    height_m: float = 1.5
    pitch_rad: float = 0.0


@dataclass(frozen=True)
class PreparedFrame:
    """A decoded image on its way to the segmenter.

    Attributes:
        image: uint8 (H, W, 3) RGB, the whole image.
        part: uint8 (h, w, 3) RGB, the region to segment, upright.
        region: the region it was taken from; parameters may change the camera's meanwhile.
    """

    image: np.ndarray
    part: np.ndarray
    region: ImageRegion


@dataclass
class ProcessedFrame:
    """A frame at the end of the chain: all that outputs are built from.

    Attributes:
        header: std_msgs/Header of the image; outputs carry it as it is.
        image: uint8 (H, W, 3) RGB.
        result: masks and instances in image coordinates, with tracked ids.
        overlay_style: how images for people are drawn.
        measure: returns the `Geometry` at the time of the image.
        locate: returns the instances whose position is known.
        mount: of the camera.
        tracking_ms: time the tracker took; None without one.
        status: state of the camera in a line, for the overlay; empty: unknown.
    """

    header: Any
    image: np.ndarray
    result: InstanceMap
    overlay_style: OverlayStyle
    measure: Callable[[], Geometry]
    locate: Callable[[Geometry], list[Located]]
    mount: CameraMount = CameraMount()
    tracking_ms: float | None = None
    status: str = ''

    @cached_property
    def geometry(self) -> Geometry:
        """Camera and scene at the time of the image, looked up once."""
        return self.measure()

    @cached_property
    def positions(self) -> list[Located]:
        """Instances with their 3D positions, computed once however many outputs need them."""
        return self.locate(self.geometry)

    @property
    def pinhole(self) -> Pinhole | None:
        """The rectified camera; None for an uncalibrated one."""
        return pinhole_of(self.geometry.camera_info, self.result)

    @property
    def positions_header(self) -> Any:
        """Header of the positions: that of the image, or of the target frame at its time."""
        target = self.geometry.target
        if target is None:
            return self.header
        return {'stamp': self.header.stamp, 'frame_id': target.frame_id}


class FrameProcessor:
    """Region, tracker, 3D positions and overlay style of one camera.

    Attributes:
        region: the part of the image to segment.
        tracker: a `Tracker`, or None.
        placer: a `Placer` or `LidarPlacer`, or None where no 3D positions are wanted.
        overlay_style: how images for people are drawn.
        motion: a `MotionFilter`, or None. With one, positions have to be computed in the order
            of the frames.
        mount: of the camera, for what lies on the ground.
    """

    def __init__(self, region: ImageRegion | None = None, tracker: Any = None,
                 placer: Placer | LidarPlacer | None = None,
                 overlay_style: OverlayStyle | None = None,
                 motion: MotionFilter | None = None,
                 mount: CameraMount | None = None) -> None:
        self.region = region or ImageRegion()
        self.tracker, self.placer, self.motion = tracker, placer, motion
        self.mount = mount or CameraMount()
        self.overlay_style = overlay_style or OverlayStyle()
        self._tracked_frame_id = ''

    def prepare(self, image: np.ndarray) -> PreparedFrame:
        """Take the region to segment from an image.

        Args:
            image: uint8 (H, W, 3) RGB.

        Raises:
            ImageError: when the region lies outside the image.
        """
        region = self.region
        return PreparedFrame(image, region.extract(image), region)

    def finish(self, prepared: PreparedFrame, result: InstanceMap, header: Any,
               geometry: Callable[[], Geometry] = Geometry) -> ProcessedFrame:
        """Bring a result to image coordinates and track it; frames come in order of their stamps.

        Args:
            prepared: the frame as `prepare` returned it.
            result: what the segmenter found in `prepared.part`; of no use afterwards.
            header: std_msgs/Header of the image.
            geometry: called when the first output needs 3D positions.
        """
        result = prepared.region.restore(result, prepared.image.shape)
        tracking_ms = None
        tracker, placer, motion = self.tracker, self.placer, self.motion    # may be replaced
        if tracker is not None:
            begin = time.perf_counter()
            result = self._track(tracker, result, header)
            tracking_ms = (time.perf_counter() - begin) * 1000

        def locate(known: Geometry) -> list[Located]:
            located = placer.locate(result, *known[:3]) if placer else []
            if known.target:
                located = [Located(i, p.transformed(known.target.from_camera))
                           for i, p in located]
            return moving(located, motion, stamp_ns(header) / 1e9) if motion else located

        return ProcessedFrame(header, prepared.image, result, self.overlay_style, geometry,
                              locate, self.mount, tracking_ms)

    def _track(self, tracker: Any, result: InstanceMap, header: Any) -> InstanceMap:
        if header.frame_id != self._tracked_frame_id:   # another camera publishes on the topic
            self._tracked_frame_id = header.frame_id
            tracker.reset()
        return tracker(result, stamp_ns(header) / 1e9, in_place=True)


_ROUGH_SHARE, _ROUGH_M = 0.05, 0.3
"""Deviation of positions without a covariance: of the distance, and at least."""


def moving(located: list[Located], motion: MotionFilter, seconds: float) -> list[Located]:
    """Add the motion of each object to its position; frames come in the order of their stamps."""
    def measured(instance: Any, position: Any) -> tuple[int, np.ndarray, np.ndarray]:
        center = np.array(position.center)
        if position.covariance is not None:
            return instance.id, center, position.covariance[:3, :3]
        rough = max(_ROUGH_M, _ROUGH_SHARE * float(np.linalg.norm(center)))
        return instance.id, center, np.eye(3) * rough ** 2

    motions = motion(seconds, (measured(*pair) for pair in located))
    return [Located(i, replace(p, motion=motions[i.id])) for i, p in located]
