# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects in metres from a lidar and the masks of a camera.

Written once in the camera's optical frame (x right, y down, z forward) and a level frame below it
(x forward, y left, z up); `place_with_lidar` is the whole chain for one frame.
"""
