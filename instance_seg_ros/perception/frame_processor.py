# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The chain of one camera around the segmenter, for the node and for bags alike.

``prepare`` takes the region to segment from an image; the segmenter's result goes through
``finish``, which restores image coordinates, tracks, and returns all that the outputs in
``messages`` are built from.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..core.instances import InstanceMap
from ..core.stamps import stamp_ns
from .image_region import ImageRegion
from .overlay import OverlayStyle
from .positions import Located, Placer


class Geometry(NamedTuple):
    """What is known of the camera and the scene at the time of an image."""

    camera_info: Any = None
    """sensor_msgs/CameraInfo, of rclpy or of rosbags."""
    depth_m: np.ndarray | None = None
    """float (H, W), metres."""


@dataclass(frozen=True)
class PreparedFrame:
    """
    A decoded image on its way to the segmenter.

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
    """
    A frame at the end of the chain: all that outputs are built from.

    Attributes:
        header: std_msgs/Header of the image; outputs carry it as it is.
        image: uint8 (H, W, 3) RGB.
        result: masks and instances in image coordinates, with tracked ids.
        overlay_style: how images for people are drawn.
        locate: returns the instances whose position is known.
        tracking_ms: time the tracker took; None without one.
    """

    header: Any
    image: np.ndarray
    result: InstanceMap
    overlay_style: OverlayStyle
    locate: Callable[[], list[Located]]
    tracking_ms: float | None = None

    @cached_property
    def positions(self) -> list[Located]:
        """Instances with their 3D positions, computed once however many outputs need them."""
        return self.locate()


class FrameProcessor:
    """
    Region, tracker, 3D positions and overlay style of one camera.

    Attributes:
        region: the part of the image to segment.
        tracker: a `Tracker`, or None.
        placer: a `Placer`, or None where no 3D positions are wanted.
        overlay_style: how images for people are drawn.
    """

    def __init__(self, region: ImageRegion | None = None, tracker: Any = None,
                 placer: Placer | None = None, overlay_style: OverlayStyle | None = None) -> None:
        self.region = region or ImageRegion()
        self.tracker, self.placer = tracker, placer
        self.overlay_style = overlay_style or OverlayStyle()
        self._tracked_frame_id = ''

    def prepare(self, image: np.ndarray) -> PreparedFrame:
        """
        Take the region to segment from an image.

        Args:
            image: uint8 (H, W, 3) RGB.

        Raises:
            ImageError: when the region lies outside the image.
        """
        region = self.region
        return PreparedFrame(image, region.extract(image), region)

    def finish(self, prepared: PreparedFrame, result: InstanceMap, header: Any,
               geometry: Callable[[], Geometry] = Geometry) -> ProcessedFrame:
        """
        Bring a result to image coordinates and track it; frames come in the order of their stamps.

        Args:
            prepared: the frame as `prepare` returned it.
            result: what the segmenter found in `prepared.part`; of no use afterwards.
            header: std_msgs/Header of the image.
            geometry: called when the first output needs 3D positions.
        """
        result = prepared.region.restore(result, prepared.image.shape)
        tracking_ms = None
        tracker, placer = self.tracker, self.placer     # parameters may change them meanwhile
        if tracker is not None:
            begin = time.perf_counter()
            result = self._track(tracker, result, header)
            tracking_ms = (time.perf_counter() - begin) * 1000

        def locate() -> list[Located]:
            return placer.locate(result, *geometry()) if placer else []

        return ProcessedFrame(header, prepared.image, result, self.overlay_style, locate,
                              tracking_ms)

    def _track(self, tracker: Any, result: InstanceMap, header: Any) -> InstanceMap:
        if header.frame_id != self._tracked_frame_id:   # another camera publishes on the topic
            self._tracked_frame_id = header.frame_id
            tracker.reset()
        return tracker(result, stamp_ns(header) / 1e9, in_place=True)
