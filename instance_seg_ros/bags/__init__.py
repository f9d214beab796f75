# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 bags and videos without ROS: read, choose the images, write MCAP."""

from .sources import choose_image_topic, image_topics, open_source
from .topics import IMAGE_TYPES, Message, Topic
from .writer import BagWriter

__all__ = [
    'IMAGE_TYPES', 'BagWriter', 'Message', 'Topic', 'choose_image_topic', 'image_topics',
    'open_source',
]
