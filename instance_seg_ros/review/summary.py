# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera's recording in figures: frames, rates, drops, latency, instances."""

from __future__ import annotations

from collections import Counter

import numpy as np

from .recording import Camera

PERCENTILES = (50, 95, 99)
_MOST_HZ = 10_000
"""No camera is faster: closer stamps are counters, or were never set."""


def summarize(camera: Camera) -> dict:
    """Return plain data; what is not in the bag is left out."""
    stamps = camera.stamps
    seconds = (stamps[-1] - stamps[0]) / 1e9
    gaps = np.diff(stamps) / 1e6
    result = {'camera': camera.name, 'frames': _frames(camera), 'seconds': round(seconds, 3),
              'rate_hz': _rate_hz(len(stamps) - 1, seconds),
              'longest_gap_ms': round(float(gaps.max()), 1) if len(gaps) else None,
              'instances': _instances(camera)}
    if camera.times.of_recording:
        result['times_of'] = 'recording'
        result['frames_sharing_a_stamp'] = camera.times.ambiguous
    if camera.stages_ms:
        result['stages_ms'] = {k: _percentiles(v) for k, v in camera.stages_ms.items()}
    if camera.delays_ms:
        result['camera_to_mask_ms'] = _percentiles(camera.delays_ms)
    return result


def rows(summary: dict) -> list[tuple[str, str]]:
    """Return a summary as lines of a table: what, and how much."""
    frames = summary['frames']
    lines = [('frames', ', '.join(f'{count} {what}' for what, count in frames.items()
                                  if not isinstance(count, dict)))]
    lines += [(what, _reasons(frames[what])) for what in ('dropped', 'failed')
              if what in frames]
    lines.append(('time', f'{summary["seconds"]:.1f} s'))
    if 'times_of' in summary:
        lines.append(('clock', _why_of_recording(summary['frames_sharing_a_stamp'])))
    if summary['rate_hz']:
        lines.append(('rate', f'{summary["rate_hz"]:.1f} Hz; longest gap '
                              f'{summary["longest_gap_ms"]:.0f} ms'))
    elif frames['segmented'] > 1:
        lines.append(('rate', f'unknown: {frames["segmented"]} frames within '
                              f'{summary["seconds"]:g} s'))
    for name, values in summary['instances'].items():
        lines.append((name, f'{values["total"]} in all, {values["a_frame"]:.1f} a frame'))
    if summary['instances']:
        ids = ', '.join(f'{values["ids"]} {name}' for name, values in summary['instances'].items())
        lines.append(('different ids', f'{ids} (objects only where they were tracked)'))
    delays = summary.get('camera_to_mask_ms')
    if delays:
        lines.append(('camera to mask', _milliseconds(delays)))
    lines += [(f'stage {stage}', _milliseconds(values))
              for stage, values in summary.get('stages_ms', {}).items()]
    return lines


def _rate_hz(intervals: int, seconds: float) -> float | None:
    """Return frames a second; None where the times cannot be those of a camera."""
    if intervals > _MOST_HZ * seconds:
        return None
    return round(intervals / seconds, 2) if seconds else None


def _why_of_recording(ambiguous: int) -> str:
    if not ambiguous:
        return 'of the recording: stamps in the headers leap by more than an hour'
    return (f'of the recording: {ambiguous} frames share the stamp in their header with others; '
            'which image they belong to is known only where both were recorded at once')


def _frames(camera: Camera) -> dict:
    frames = {'segmented': len(camera.stamps)}
    if camera.images:
        frames = {'in the bag': camera.images, **frames}
    if camera.counts:
        frames |= {'received by the node': camera.counts.received,
                   'published': camera.counts.published,
                   'dropped': {k: v for k, v in camera.counts.dropped.items() if v},
                   'failed': {k: v for k, v in camera.counts.failed.items() if v}}
    elif camera.images > len(camera.stamps):
        frames['dropped'] = {'without a mask': camera.images - len(camera.stamps)}
    return frames


def _instances(camera: Camera) -> dict:
    total, ids = Counter(), {}
    for found in camera.detections.values():
        for detection in found:
            total[detection.label] += 1
            ids.setdefault(detection.label, set()).add(detection.id)
    frames = max(1, len(camera.detections))
    return {name: {'total': count, 'a_frame': round(count / frames, 2), 'ids': len(ids[name])}
            for name, count in total.most_common()}


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f'p{p}': round(float(v), 3)
            for p, v in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True)}


def _reasons(counts: dict[str, int]) -> str:
    return ', '.join(f'{count} {reason}' for reason, count in counts.items()) or 'none'


def _milliseconds(values: dict[str, float]) -> str:
    return ', '.join(f'{name} {value:.1f}' for name, value in values.items()) + ' ms'
