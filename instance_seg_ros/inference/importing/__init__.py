# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Weights trained elsewhere: read the file, rename its tensors, report mismatches."""

from .adopt import Adoption, adopt
from .files import read_tensors

__all__ = ['Adoption', 'adopt', 'read_tensors']
