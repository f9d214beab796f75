# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Looking at a recording of the node's outputs afterwards: a report, a viewer."""
