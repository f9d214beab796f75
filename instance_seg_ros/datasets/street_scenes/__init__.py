# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered street scenes with exact labels, in Cityscapes' layout.

One scene flows through this folder in one direction: a random plan (layout, weather, camera)
becomes meshes and placed objects, the renderer draws colour, labels and depth, the sensor turns
light into a photograph, and the writer stores what Cityscapes would have stored.
"""
