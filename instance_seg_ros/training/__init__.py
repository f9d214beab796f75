# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training: a recipe (YAML), a Lightning module, and what runs them."""
