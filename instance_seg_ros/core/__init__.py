# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Labels, instances, image decoding and errors: what every other folder builds on."""
