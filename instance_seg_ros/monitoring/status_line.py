# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The state of one camera in a line, for the overlay."""

from __future__ import annotations

from .frame_ledger import FrameCounts


def status_line(rate_hz: float, latency_ms: float, counts: FrameCounts, device: str = '') -> str:
    """Describe the state of a camera.

    Args:
        rate_hz: published frames per second.
        latency_ms: from the arrival of the image to now, in milliseconds.
        counts: of the camera's frames since the node started.
        device: the network's; empty: left out.
    """
    parts = [f'{rate_hz:.1f} frames/s', f'latency {latency_ms:.0f} ms',
             f'{sum(counts.dropped.values())} dropped']
    failed = sum(counts.failed.values())
    return ' | '.join([*parts, *([f'{failed} failed'] if failed else []),
                       *([device] if device else [])])
