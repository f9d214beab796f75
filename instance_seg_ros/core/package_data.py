# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files of the package: next to it in a checkout, in share/ once installed."""

import os
import sys
from pathlib import Path

PACKAGE = 'instance_seg_ros'


def share_file(name: str) -> Path | None:
    """Find a file or folder such as `config/fastdds_large_images.xml`; None without it."""
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    roots = [Path(__file__).resolve().parents[2],
             *(Path(prefix, 'share', PACKAGE) for prefix in (*prefixes, sys.prefix))]
    return next((root / name for root in roots if (root / name).exists()), None)
