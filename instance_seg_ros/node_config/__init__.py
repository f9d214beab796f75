# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters: declaration, validation and the objects built from them, without ROS."""
