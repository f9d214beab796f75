# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images to instances: checkpoint, engines, clustering, confidence and the segmenter."""
