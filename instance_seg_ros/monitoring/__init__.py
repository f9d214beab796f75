# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frame accounting, stage timings and stamp checks of a node, without ROS."""
