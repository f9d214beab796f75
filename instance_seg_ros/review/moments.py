# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images of a bag put together with what was found in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from ..bags import images
from ..bags.reader import Bag
from ..bags.topics import IMAGE_TYPES, Message
from ..core.image_codec import ImageError, decode_compressed, decode_raw
from ..core.instances import InstanceMap
from ..core.labels import INSTANCE_FACTOR
from ..core.resize import resize_labels
from ..perception.overlay import OverlayStyle, draw_overlay, instance_id_color
from .recording import Camera

_WAITING = 64
"""Images that may wait for their masks at a time; in a recording these come soon after."""


_MASK_TYPES = {'mono8': 'u1', '8UC1': 'u1', 'mono16': 'u2', '16UC1': 'u2', '32SC1': 'i4'}
"""Encodings of masks; those of the node are 16UC1 and mono8. Ids above 65535 wrap around."""


@dataclass(frozen=True)
class Moment:
    """One image and what was found in it; `None` for what is not in the bag."""

    camera: Camera
    stamp: int
    """Its time, in nanoseconds, from `camera.times`."""
    image: np.ndarray | None
    """uint8 (H, W, 3) RGB."""
    instance_mask: np.ndarray | None
    class_mask: np.ndarray | None
    overlay: np.ndarray | None

    @property
    def display_image(self) -> np.ndarray | None:
        """The overlay, as it was recorded or drawn again; None without any image."""
        if self.overlay is not None or self.image is None or self.instance_mask is None:
            return self.overlay if self.overlay is not None else self.image
        if self.is_foreign or self.instance_mask.shape != self.image.shape[:2]:
            return self._plain_overlay()
        return draw_overlay(self.image, self.found(), OverlayStyle())

    @property
    def is_foreign(self) -> bool:
        """Whether the ids in the instance mask are not label id * 1000 + number."""
        labels = self.camera.label_set
        if labels is None or self.instance_mask.dtype != np.uint16:
            return True
        ids = np.unique(self.instance_mask)
        return not np.isin(ids[ids > 0] // INSTANCE_FACTOR, labels.ids).all()

    def _plain_overlay(self) -> np.ndarray:
        """Blend each id's colour over the image; what it is cannot be known."""
        size = self.image.shape[1], self.image.shape[0]
        mask = resize_labels(self.instance_mask.astype(np.int32), size)
        drawn = self.image.copy()
        for value in np.unique(mask[mask > 0]).tolist():
            inside = mask == value
            drawn[inside] = (drawn[inside] * 0.5 + np.multiply(instance_id_color(value), 0.5))
        return drawn

    def found(self) -> InstanceMap:
        """Return the masks as the node's InstanceMap."""
        classes = self.class_mask
        if classes is None:
            classes = (self.instance_mask // INSTANCE_FACTOR).astype(np.uint8)
        scores = {d.id: d.score for d in self.camera.detections.get(self.stamp, ())}
        return InstanceMap.from_masks(self.camera.label_set, classes, self.instance_mask, scores)


def moments(bag: Bag, cameras: list[Camera],
            chosen: dict[str, Collection[int]] | None = None) -> Iterator[Moment]:
    """Yield the moments of cameras as they are complete.

    Where several frames share a stamp, only what was recorded at the same time is put together.

    Args:
        chosen: times of the images wanted, by the camera's prefix; None for all.
    """
    roles = _roles(bag, cameras)
    waiting: OrderedDict[tuple[str, int], dict] = OrderedDict()
    for message in bag.messages(roles):
        stamp = images.header_stamp(message.data)
        for camera, part in roles[message.topic.name]:
            time = camera.times(stamp, message.stamp)
            segmented = camera.masks or camera.detections
            if time not in segmented and stamp not in camera.times.shared:
                continue   # an image that was not segmented
            if chosen is not None and time not in chosen.get(camera.prefix, ()):
                continue
            parts = waiting.setdefault((camera.prefix, time), {})
            parts[part] = message
            if len(parts) == sum(camera is c for owners in roles.values() for c, _ in owners):
                yield _moment(camera, time, waiting.pop((camera.prefix, time)))
        while len(waiting) > _WAITING:
            (prefix, time), parts = waiting.popitem(last=False)
            yield _moment(next(c for c in cameras if c.prefix == prefix), time, parts)
    for (prefix, time), parts in waiting.items():
        yield _moment(next(c for c in cameras if c.prefix == prefix), time, parts)


def decode(message: Message) -> np.ndarray | None:
    """Return an Image or CompressedImage message as RGB, uint8 (H, W, 3); None if broken."""
    try:
        content = images.deserialize(message.data, message.topic.type)
        if IMAGE_TYPES[message.topic.type] == 'compressed':
            return decode_compressed(content.format, content.data)
        return decode_raw(content.encoding, content.height, content.width, content.step,
                          content.data, bool(content.is_bigendian))
    except ImageError:
        return None


def _roles(bag: Bag, cameras: list[Camera]) -> dict[str, list[tuple[Camera, str]]]:
    """Return the camera and part of each topic."""
    there = {topic.name for topic in bag.topics if topic.count}
    roles: dict[str, list[tuple[Camera, str]]] = {}
    for camera in cameras:
        for part in ('instance_mask', 'class_mask', 'overlay'):
            if f'{camera.prefix}/{part}' in there:
                roles.setdefault(f'{camera.prefix}/{part}', []).append((camera, part))
        if camera.image_topic:
            roles.setdefault(camera.image_topic.name, []).append((camera, 'image'))
    return roles


def _moment(camera: Camera, time: int, parts: dict[str, Message]) -> Moment:
    return Moment(camera, time,
                  image=decode(parts['image']) if 'image' in parts else None,
                  instance_mask=_labels(parts.get('instance_mask')),
                  class_mask=_labels(parts.get('class_mask')),
                  overlay=decode(parts['overlay']) if 'overlay' in parts else None)


def _labels(message: Message | None) -> np.ndarray | None:
    """Return a mask, uint8 or uint16 (H, W); None where it is none or damaged."""
    if message is None or IMAGE_TYPES[message.topic.type] != 'raw':
        return None
    content = images.deserialize(message.data, message.topic.type)
    dtype = np.dtype(_MASK_TYPES.get(content.encoding, 'V1'))
    if dtype.kind == 'V' or content.step < content.width * dtype.itemsize:
        return None
    needed = content.step * (content.height - 1) + content.width * dtype.itemsize
    if not content.height or content.data.size < needed:
        return None
    rows = np.ndarray((content.height, content.width),
                      dtype.newbyteorder('>' if content.is_bigendian else '<'),
                      content.data.tobytes(), strides=(content.step, dtype.itemsize))
    return np.ascontiguousarray(rows, np.uint8 if dtype.itemsize == 1 else np.uint16)
