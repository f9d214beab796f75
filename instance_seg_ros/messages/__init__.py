# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Input and output messages as plain fields, without ROS.

A message is a dictionary of its fields by their ROS names; messages within it are dictionaries,
too, and fields that are left out have their defaults. ``ros`` turns such fields into messages
of rclpy, ``offline`` into CDR. Which topics there are is in ``outputs``.
"""
