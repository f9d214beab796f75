# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags through the segmenter without a running ROS: every frame, as fast as possible."""

BROKEN_INPUT = 3
"""Exit status of a run whose input is truncated: it was processed up to there."""
