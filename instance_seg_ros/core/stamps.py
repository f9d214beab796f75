# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Header stamps as integers."""

from typing import Any

NANOSECONDS = 1_000_000_000
"""Nanoseconds of a second."""


def stamp_ns(header: Any) -> int:
    """Return the stamp of a std_msgs/Header, of rclpy or of rosbags, in nanoseconds."""
    return header.stamp.sec * NANOSECONDS + header.stamp.nanosec
