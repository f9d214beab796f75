# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every reader of foreign input that is fuzzed."""

from fuzz import bag_targets, image_targets, setting_targets, weight_targets

TARGETS = (*image_targets.TARGETS, *bag_targets.TARGETS, *weight_targets.TARGETS,
           *setting_targets.TARGETS)
