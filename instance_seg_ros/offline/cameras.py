# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of a bag are cameras, what they are called, and their images."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..bags import Message, Topic, choose_image_topic, images
from ..bags.sources import Source
from ..core.errors import UserError
from ..core.image_codec import ImageError, decode_compressed, decode_raw
from ..perception.image_region import View
from .outputs import NODE, CameraTopics
from .outputs_3d import GroundTopics

_ENDINGS = ('compressed', 'image', 'image_raw', 'image_color', 'image_rect', 'image_rect_color')


@dataclass(frozen=True)
class Camera:
    """What becomes of the images of a topic."""

    outputs: CameraTopics
    view: View = field(default_factory=View)
    tracker: Any = None
    """A `tracking.Tracker`, or None."""
    on_ground: GroundTopics | None = None

    @property
    def topics(self) -> list[Topic]:
        """All output topics."""
        return [*self.outputs, *(self.on_ground or ())]


@dataclass(frozen=True)
class Picture:
    """A decoded image: `pixels` uint8 (H, W, 3) RGB, or None with the `problem`'s kind."""

    header: Any = None
    pixels: np.ndarray | None = None
    part: np.ndarray | None = None
    """The part of the pixels to segment."""
    problem: str = ''


def choose_cameras(source: Source, wanted: Sequence[str] | None, overlay: bool,
                   prefix: str = NODE) -> dict[str, Camera]:
    """
    Return the camera of each image topic that is to be processed.

    :param wanted: names of image topics; None for the only one there is.
    :raises UserError: when they are not in the source.
    """
    chosen = [choose_image_topic(source, name).name for name in wanted or (None,)]
    if len(set(chosen)) < len(chosen):
        raise UserError('--image-topic names a topic twice.')
    if len(chosen) == 1:
        return {chosen[0]: Camera(CameraTopics.under(prefix, overlay))}
    names = camera_names(chosen)
    return {topic: Camera(CameraTopics.under(f'{prefix}/{name}', overlay))
            for topic, name in zip(chosen, names, strict=True)}


def camera_names(topics: Sequence[str]) -> list[str]:
    """Return a short name for each topic: `/front/image_raw` is `front`, unless two are."""
    parts = [topic.strip('/').split('/') for topic in topics]
    short = ['_'.join(_without_endings(p) or p) for p in parts]
    return short if len(set(short)) == len(short) else ['_'.join(p) for p in parts]


def decode(message: Message, view: View) -> Picture:
    """Decode an image message; what cannot be decoded has a problem."""
    try:
        image = images.deserialize(message.data, message.topic.type)
        pixels = _pixels(image, message.topic)
        return Picture(image.header, pixels, view.extract(pixels))
    except ImageError as error:
        return Picture(problem=error.kind)
    except Exception:  # bytes of any kind, and a parser that raises whatever comes up
        return Picture(problem='undecodable')


def _pixels(image, topic: Topic) -> np.ndarray:
    if topic.type == 'sensor_msgs/msg/CompressedImage':
        return decode_compressed(image.format, image.data)
    return decode_raw(image.encoding, image.height, image.width, image.step, image.data,
                      bool(image.is_bigendian))


def _without_endings(parts: list[str]) -> list[str]:
    while parts and parts[-1] in _ENDINGS:
        parts = parts[:-1]
    return parts
