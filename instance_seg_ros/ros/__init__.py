# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 side: the only folder which imports ROS."""
