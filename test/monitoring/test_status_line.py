# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The status line of the overlay."""

from instance_seg_ros.monitoring.frame_ledger import FrameCounts
from instance_seg_ros.monitoring.status_line import status_line


def test_status_line():
    counts = FrameCounts(dropped={'superseded': 2, 'too_old': 1})
    assert status_line(9.96, 81.4, counts, 'cpu') == (
        '10.0 frames/s | latency 81 ms | 3 dropped | cpu')
    assert status_line(0.0, 5.0, FrameCounts(failed={'undecodable': 4})) == (
        '0.0 frames/s | latency 5 ms | 0 dropped | 4 failed')
