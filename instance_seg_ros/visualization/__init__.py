# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts of viewers: which topic is shown where, and under which title."""
