# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures with labels, for training and evaluation (nothing here is imported at run time)."""
