# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scores: average precision by the official Cityscapes scorer, IoU of classes, and baselines."""
