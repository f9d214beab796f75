# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Steps of a bag: its messages, and images with their depths and clouds."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ..bags import Message, Topic, images
from ..bags.sources import Source
from ..core.instances import InstanceMap
from ..core.stamps import NANOSECONDS
from ..perception.depth_image import depth_in_metres
from ..perception.frame_processor import Geometry, ProcessedFrame
from ..perception.lidar.vehicle_cloud import VehicleCloud
from .camera_plan import CameraPlan
from .decoding import DecodedImage
from .scan_feed import FoundScan, ScanFeed
from .stamp_feed import StampFeed

_log = logging.getLogger(__name__)


class Step(NamedTuple):
    """A message in the pipeline; `wanted`: an image to segment."""

    message: Message
    wanted: bool
    camera_info: bytes | None = None
    depth: Message | None = None
    found: FoundScan = FoundScan()
    decoded: DecodedImage | None = None
    result: InstanceMap | None = None
    frame: ProcessedFrame | None = None
    clouds: Sequence[VehicleCloud] = ()

    @property
    def to_segment(self) -> bool:
        """Whether there is an image for the segmenter."""
        return self.decoded is not None and not self.decoded.problem

    def geometry(self) -> Geometry:
        """Return the camera and depth image at the time of this image."""
        info = self.camera_info and images.deserialize(
            self.camera_info, 'sensor_msgs/msg/CameraInfo')
        depth = self.depth and depth_in_metres(
            images.deserialize(self.depth.data, self.depth.topic.type))
        if not self.found.located:
            return Geometry()
        return Geometry(info, depth, self.found.scan(), self.found.target)


def image_steps(source: Source, cameras: dict[str, CameraPlan], kept: Collection[Topic],
                interval: tuple[int, int], every: int) -> Iterator[Step]:
    """Yield the messages of a source in the order of their recording.

    Args:
        source: bag or video.
        cameras: by image topic.
        kept: topics that are copied to the output.
        interval: half-open interval of recording times in nanoseconds.
        every: segment every n-th image of a camera.
    """
    infos, depths = _first_infos(source, cameras), _depth_feeds(source, cameras, interval)
    scans = {name: ScanFeed(source, camera.scans, interval)
             for name, camera in cameras.items() if camera.scans}
    copied, seen = set(cameras) | {topic.name for topic in kept}, Counter()
    for message in source.messages(copied | set(infos), *interval):
        name = message.topic.name
        if name in infos:
            infos[name] = message.data
        if name not in copied:
            continue
        camera = cameras.get(name)
        wanted = bool(camera and message.topic.is_image and seen[name] % every == 0)
        seen[name] += camera is not None
        if wanted:
            depth = depths[camera.depth].nearest(message) if camera.depth in depths else None
            found = scans[name].find(message) if name in scans else FoundScan()
            yield Step(message, True, infos.get(camera.camera_info), depth, found)
        else:
            yield Step(message, False)
    _report_misses(scans)


def _report_misses(scans: dict[str, ScanFeed]) -> None:
    for topic, feed in scans.items():
        if feed.misses:
            reasons = ', '.join(f'{reason} {count}' for reason, count in feed.misses.items())
            _log.warning('%s: images without 3D positions: %s', topic, reasons)


def _first_infos(source: Source, cameras: dict[str, CameraPlan]) -> dict[str, bytes]:
    """Return the first CameraInfo of each topic, which applies to earlier images, too."""
    names = {camera.camera_info for camera in cameras.values() if camera.camera_info}
    firsts = {name: next(source.messages([name]), None) for name in names}
    return {name: first.data for name, first in firsts.items() if first}


def _depth_feeds(source: Source, cameras: dict[str, CameraPlan],
                 interval: tuple[int, int]) -> dict[str, StampFeed]:
    names = {camera.depth for camera in cameras.values() if camera.depth}
    return {topic.name: StampFeed(source.messages(
                [topic.name], interval[0] - NANOSECONDS, interval[1]))
            for topic in source.topics
            if topic.name in names and topic.type == 'sensor_msgs/msg/Image'}
