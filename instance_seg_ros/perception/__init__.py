# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image regions, tracking, 3D positions and the overlay: what surrounds the segmenter."""
