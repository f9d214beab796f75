# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes and processes around the segmentation node: demo, player, recorder."""
