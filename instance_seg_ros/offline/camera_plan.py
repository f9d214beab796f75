# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of a bag are cameras, what they are called, and how their images are processed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ..bags import choose_image_topic
from ..bags.sources import Source
from ..core.errors import UserError
from ..node_config.builders import (
    camera_info_topic,
    depth_topic,
    needs_camera_info,
    processor_of,
)
from ..node_config.parameters import CameraSettings
from ..perception.frame_processor import FrameProcessor
from ..perception.overlay import OverlayStyle
from .outputs import NODE, CameraOutputs
from .scan_feed import ScanPlan

_ENDINGS = ('compressed', 'image', 'image_raw', 'image_color', 'image_rect', 'image_rect_color')


@dataclass(frozen=True)
class CameraPlan:
    """What becomes of the images of a topic.

    Attributes:
        outputs: the topics to write.
        processor: the chain around the segmenter.
        camera_info: topic of the camera's intrinsics; '' where they are not needed.
        depth: topic of the camera's depth images; '' where they are not needed.
        scans: clouds and transforms; None where they are not needed.
        prefix, settings: as given.
    """

    outputs: CameraOutputs = field(default_factory=CameraOutputs)
    processor: FrameProcessor = field(default_factory=FrameProcessor)
    camera_info: str = ''
    depth: str = ''
    scans: ScanPlan | None = None
    prefix: str = NODE
    settings: CameraSettings = field(default_factory=CameraSettings)

    @classmethod
    def of(cls, prefix: str, name: str, image_topic: str, settings: CameraSettings,
           style: OverlayStyle, requested: Collection[str] = ()) -> CameraPlan:
        """Plan a camera as the node with these settings processes it.

        Args:
            prefix: what output topics begin with, `/instance_seg` or `/instance_seg/CAMERA`.
            name: of the camera; '' for the only one.
            image_topic: of its images in the bag.
            settings: its parameters.
            style: of its overlay.
            requested: names of the outputs `on_request` to write.
        """
        method = settings.detections_3d
        return cls(
            CameraOutputs(prefix, settings, requested), processor_of(settings, style),
            (_absolute(camera_info_topic(image_topic, settings))
             if needs_camera_info(settings) else ''),
            _absolute(depth_topic(name, settings)) if method == 'depth' else '',
            ScanPlan.of(settings), prefix, settings)


def choose_cameras(source: Source, wanted: Sequence[str] | None = None,
                   requested: Collection[str] = (), prefix: str = NODE,
                   style: OverlayStyle | None = None) -> dict[str, CameraPlan]:
    """Plan each image topic that is to be processed.

    Args:
        source: bag or video.
        wanted: names of image topics; None for the only one there is.
        requested: names of the outputs `on_request` to write.
        prefix: what output topics begin with.
        style: of the overlay.

    Returns:
        A plan for each image topic.

    Raises:
        UserError: when the source lacks a topic.
    """
    chosen = [choose_image_topic(source, name).name for name in wanted or (None,)]
    if len(set(chosen)) < len(chosen):
        raise UserError('--image-topic names a topic twice.')
    names = camera_names(chosen) if len(chosen) > 1 else ['']
    return {topic: CameraPlan.of(f'{prefix}/{name}'.rstrip('/'), name, topic, CameraSettings(),
                                 style or OverlayStyle(), requested)
            for topic, name in zip(chosen, names, strict=True)}


def camera_names(topics: Sequence[str]) -> list[str]:
    """Return a short name for each topic: `/front/image_raw` is `front`, unless two are."""
    parts = [topic.strip('/').split('/') for topic in topics]
    short = ['_'.join(_without_endings(p) or p) for p in parts]
    return short if len(set(short)) == len(short) else ['_'.join(p) for p in parts]


def _without_endings(parts: list[str]) -> list[str]:
    while parts and parts[-1] in _ENDINGS:
        parts = parts[:-1]
    return parts


def _absolute(topic: str) -> str:
    return '/' + topic.lstrip('/')
