# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages on /diagnostics, as diagnostic_aggregator and rqt_robot_monitor expect them.

One status ``<node>: node`` and one per camera, ``<node>: camera`` (``<node>: camera <name>`` with
several), where <node> is the full name of the node without the first slash. Values of a camera:

=================================  ==============================================================
``topic``, ``frame_id``            of its images
``received``, ``published``        frames in and out since the node started
``held``                           frames in the queue or in progress; always
                                   received = published + held + all dropped + all failed
``dropped/<reason>``               superseded, too_old, rate_limited, disabled, deactivated
``failed/<kind>``                  a kind of ImageError, or the class of a segmenter's exception
``positions/<reason>``             frames without 3D positions: no_camera_info, no_cloud,
                                   stamps_apart, no_transform, bad_cloud, no_points_in_image;
                                   too_few_points counts objects
``publishers``                     number of publishers on its topic
``lost``                           frames lost by the middleware
``rate_in_hz``, ``rate_out_hz``    over the last five seconds
``age_s``                          seconds since the last frame arrived
``<stage>_ms p50`` (p95, p99)      milliseconds over the latest 300 frames; stages: wait, decode,
                                   preprocess, network, clustering, masks, segment, tracking,
                                   publish, total
=================================  ==============================================================

Values of the node: ``state`` (of its lifecycle), ``model``, ``label_set``, ``checksum``,
``device``, ``engine``, ``input_size``, ``gpu_memory_mb allocated`` (reserved), ``errors``,
``last_error``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from ..core.texts import shortened
from ..monitoring.timings import StageTimings
from ..perception.lidar.lidar_placer import LidarPlacer
from .camera_subscription import CameraSubscription

OK, WARN, ERROR, STALE = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR,
                          DiagnosticStatus.STALE)
_FAILURE_REMEMBERED_S = 10.0


def status(name: str, hardware_id: str, problems: Iterable[tuple[bytes, str]], good: str,
           values: dict[str, Any]) -> DiagnosticStatus:
    """Return a status: the worst level of all problems, with their messages, worst first."""
    ordered = sorted(problems, key=lambda problem: problem[0], reverse=True)
    return DiagnosticStatus(
        level=ordered[0][0] if ordered else OK, name=name, hardware_id=hardware_id,
        message=shortened('; '.join(text for _, text in ordered) or good, 2000),
        values=[KeyValue(key=key, value=shortened(value)) for key, value in values.items()])


def array(stamp: Any, statuses: list[DiagnosticStatus]) -> DiagnosticArray:
    """Return the message for /diagnostics."""
    message = DiagnosticArray(status=statuses)
    message.header.stamp = stamp
    return message


def camera_values(camera: CameraSubscription, publishers: int) -> dict[str, Any]:
    """Return the values of a camera's status."""
    counts, age = camera.ledger.counts(), camera.age_s
    return {
        'topic': camera.topic, 'frame_id': camera.frame_id,
        'received': counts.received, 'published': counts.published, 'held': counts.held,
        **{f'dropped/{reason}': number for reason, number in counts.dropped.items()},
        **{f'failed/{kind}': number for kind, number in counts.failed.items()},
        **{f'positions/{reason}': number for reason, number in position_counts(camera).items()},
        'lost': camera.lost, 'publishers': publishers,
        'rate_in_hz': f'{camera.rate_in.hz():.2f}', 'rate_out_hz': f'{camera.rate_out.hz():.2f}',
        'age_s': '' if age is None else f'{age:.3f}',
        **_timing_values(camera.timings)}


def position_counts(camera: CameraSubscription) -> dict[str, int]:
    """Return the frames without 3D positions by reason, and the objects with too few points."""
    return dict(camera.geometry.scans.misses)


def position_problems(camera: CameraSubscription) -> list[str]:
    """Return what is wrong with the 3D positions of the last frames."""
    trouble = camera.geometry.scans.trouble
    placer = camera.processor.placer
    found = placer.problems() if isinstance(placer, LidarPlacer) else []
    return [trouble] * bool(trouble) + found


def _timing_values(timings: StageTimings) -> dict[str, str]:
    return {f'{stage}_ms p{percent}': f'{milliseconds:.3f}'
            for stage, values in timings.percentiles().items()
            for percent, milliseconds in zip(StageTimings.PERCENTILES, values, strict=True)}


def camera_problems(camera: CameraSubscription,
                    graph_problems: list[str]) -> list[tuple[bytes, str]]:
    """Return the problems of an active camera, each with its level."""
    if camera.active_since is None:
        return []
    problems = [(WARN, text) for text in (*graph_problems, *camera.stamps.problems(),
                                          *position_problems(camera))]
    if not camera.settings.enabled:
        problems.append((WARN, 'disabled: images are not processed'))
    silent_s = time.monotonic() - (camera.last_arrival or camera.active_since)
    if silent_s > camera.settings.stale_after_s:
        level = STALE if camera.last_arrival else ERROR
        problems.append((level, f'no image on {camera.topic} for {silent_s:.1f} s'))
    if camera.last_failure:
        at, text = camera.last_failure
        if time.monotonic() - at < _FAILURE_REMEMBERED_S:
            problems.append((ERROR, f'image processing fails: {text}'))
    return problems
