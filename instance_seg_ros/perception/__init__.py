# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The chain of a frame around the segmenter: region, tracking, 3D positions and overlay."""
