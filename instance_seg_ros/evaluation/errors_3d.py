# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of position and size in metres, by distance, as a table and as data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .detections_3d import METHODS, Comparison, Measured

RANGES_M = ((0, 15), (15, 30), (30, 50), (50, 200), (0, 30))
_COLUMNS = ('nearest_m', 'center_m', 'yaw_deg', 'length_m', 'width_m', 'height_m')


def errors(comparison: Comparison) -> dict[str, float] | None:
    """Return the absolute errors of one object.

    Returns:
        None without a result, else by name: `nearest_m` of the horizontal distance from the
        camera to the nearest point of the object; `center_m`, the distance between the centres;
        where measured, `yaw_deg` up to turns by 180 degrees, and `length_m`, `width_m` and
        `height_m` of the size.
    """
    truth, measured = comparison.truth, comparison.measured
    if measured is None:
        return None
    result = {'nearest_m': abs(measured.nearest_m - nearest_of(comparison)),
              'center_m': float(np.linalg.norm(measured.center - truth.center))}
    if measured.yaw is not None:
        turn = (measured.yaw - truth.yaw + np.pi / 2) % np.pi - np.pi / 2
        result['yaw_deg'] = float(abs(np.degrees(turn)))
    return result | _size_errors(measured, truth.size)


def _size_errors(measured: Measured, size: np.ndarray) -> dict[str, float]:
    if measured.size is None:
        return {}
    return dict(zip(_COLUMNS[3:], np.abs(measured.size - size).tolist(), strict=True))


def nearest_of(comparison: Comparison) -> float:
    """Return the horizontal distance from the camera to the true box, metres."""
    bottom = comparison.truth.corners[:4, [0, 2]]
    start, edge = bottom, np.roll(bottom, -1, 0) - bottom
    along = np.clip(-(start * edge).sum(1) / (edge * edge).sum(1), 0, 1)
    return float(np.linalg.norm(start + along[:, None] * edge, axis=1).min())


def summarise(comparisons: list[Comparison]) -> list[dict]:
    """Return a row of median errors per kind of masks, class, range of distances and method."""
    rows = []
    labels = sorted({c.truth.label for c in comparisons})
    for masks in dict.fromkeys(c.masks for c in comparisons):
        for label in labels:
            for low, high in RANGES_M:
                for method in METHODS:
                    chosen = [c for c in comparisons if c.masks == masks and c.method == method
                              and c.truth.label == label and low <= c.truth.center[2] < high]
                    if chosen:
                        rows.append({'masks': masks, 'class': label, 'metres': f'{low}-{high}',
                                     'method': method, 'true': len(chosen), **_medians(chosen)})
    return rows


def _medians(comparisons: Iterable[Comparison]) -> dict:
    each = [e for e in map(errors, comparisons) if e is not None]
    row = {'placed': len(each)}
    for column in _COLUMNS:
        values = [e[column] for e in each if column in e]
        row[column] = float(np.median(values)) if values else None
    return row


def table(rows: list[dict]) -> str:
    """Return the rows as text."""
    words = ('masks', 'class', 'metres', 'method')
    lines = ['Median errors; objects with 20 or more points of the lidar in their true box', '',
             ''.join(f'{w:<11}' for w in words) + ''.join(
                 f'{c:>11}' for c in ('true', 'placed', *_COLUMNS))]
    for row in rows:
        cells = [f'{row[w]:<11}' for w in words] + [f'{row["true"]:>11}{row["placed"]:>11}']
        cells += [f'{"-":>11}' if row[c] is None else f'{row[c]:>11.2f}' for c in _COLUMNS]
        lines.append(''.join(cells))
    return '\n'.join(lines)
