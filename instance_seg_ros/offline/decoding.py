# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image messages of a bag, decoded and prepared for the segmenter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..bags import Message, images
from ..core.image_codec import ImageError
from ..core.texts import shortened
from ..messages.images import decode_image
from ..perception.frame_processor import FrameProcessor, PreparedFrame


@dataclass(frozen=True)
class DecodedImage:
    """An image message after decoding.

    Attributes:
        header: std_msgs/Header.
        prepared: None when it could not be decoded.
        problem: why: a kind of `ImageError`, or `undecodable`.
        reason: the same as a sentence.
    """

    header: Any = None
    prepared: PreparedFrame | None = None
    problem: str = ''
    reason: str = ''


def decode(message: Message, processor: FrameProcessor) -> DecodedImage:
    """Decode an image message and take the region to segment; errors become a problem."""
    try:
        image = images.deserialize(message.data, message.topic.type)
        return DecodedImage(image.header, processor.prepare(decode_image(image)))
    except ImageError as error:
        return DecodedImage(problem=error.kind, reason=str(error))
    except Exception as error:  # bytes of any kind, and a parser that raises whatever comes up
        return DecodedImage(problem='undecodable', reason=shortened(error))
