# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Weights made elsewhere: read the file, name its tensors as ours, say what did not fit."""

from .adopt import Adoption, adopt
from .files import read_tensors

__all__ = ['Adoption', 'adopt', 'read_tensors']
