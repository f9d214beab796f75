# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sources of images with times: a ROS 2 bag or a video file."""

from pathlib import Path

from ..core.errors import UserError
from .reader import Bag
from .topics import Topic
from .video import VIDEO_SUFFIXES, Video

Source = Bag | Video
_LISTED = 20


def open_source(path: Path | str) -> Source:
    """Open a bag or a video: `.topics`, `.messages(...)`, `.start`, `.end`, `.break_reason`.

    Raises:
        UserError: when there is no such file, or nothing in it can be read.
    """
    if Path(path).suffix.lower() in VIDEO_SUFFIXES and Path(path).is_file():
        return Video(path)
    return Bag(path)


def image_topics(source: Source) -> list[Topic]:
    """Return the topics with at least one image, raw or compressed."""
    return [topic for topic in source.topics if topic.is_image and topic.count]


def choose_image_topic(source: Source, wanted: str | None = None) -> Topic:
    """Return the image topic named ``wanted``, or the only one there is.

    Raises:
        UserError: listing the image topics, when that does not name exactly one.
    """
    topics = image_topics(source)
    listing = ', '.join(f'{t.name} ({t.type}, {t.count} images)' for t in topics)
    if not topics:
        raise UserError(f'{source.path} contains no images (sensor_msgs/msg/Image or '
                        f'CompressedImage); its topics are: {_listed(source)}.')
    if wanted is not None:
        chosen = [t for t in topics if t.name == '/' + wanted.lstrip('/')]
        if not chosen:
            raise UserError(f'{source.path} has no image topic {wanted}; there are: {listing}.')
        return chosen[0]
    if len(topics) > 1:
        raise UserError(f'{source.path} has several image topics; choose one with '
                        f'--image-topic: {listing}.')
    return topics[0]


def _listed(source: Source) -> str:
    """Name the topics with their types, and those whose messages are not CDR."""
    names = [f'{t.name} ({t.type}{", no messages" if not t.count else ""})'
             for t in sorted(source.topics, key=lambda t: t.name)]
    names += [f'{t.name} ({t.type}, {t.serialization} messages, which are unsupported)'
              for t in getattr(source, 'skipped', ())]
    more = f', and {len(names) - _LISTED} more' if len(names) > _LISTED else ''
    return (', '.join(names[:_LISTED]) or 'none') + more
