# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags, and a segmenter that is fast and finds what the pixels say."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / 'bags')]

from bag_content import make_bag, make_video  # noqa: E402, F401
