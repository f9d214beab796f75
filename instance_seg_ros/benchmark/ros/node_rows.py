# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the processes of ``instance_seg benchmark node`` noted, as rows of its table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ...core.instances import InstanceMap
from ...core.labels import LabelSet
from ...messages.images import image_fields
from ...messages.outputs import Output, outputs_of
from ...node_config.parameters import CameraSettings
from ...perception.frame_processor import FrameProcessor
from ...ros.installed_messages import message_class
from ...ros.message_conversion import to_message
from ..measure import Times, time_calls
from .node_peers import CONTESTANTS, size_name

LATENCY = 'camera to mask'


def case_rows(case: dict, sent: list[dict], heard: list[dict], alone: list[dict],
              inside: list[dict]) -> list[dict]:
    """Return the rows of one size: the whole, what it is compared with, and its parts."""
    stamps = {who: [note['stamp'] for note in sent if note['who'] == who] for who in CONTESTANTS}
    received = {(note['who'], note['stamp']): note['received'] for note in heard}
    ms = {note['stamp']: note['ms'] for note in alone}
    frames = {note['stamp']: note for note in inside if 'sent' in note}

    def latencies(who: str) -> list[float]:
        return [(received[who, s] - s) / 1e6 for s in stamps[who] if (who, s) in received]

    bare = [ms[s] for s in stamps['segmenter'] if s in ms]
    whole = [_row(case, LATENCY, latencies('node'), len(stamps['node'])),
             _row(case, 'echo', latencies('echo'), len(stamps['echo'])),
             _row(case, 'segmenter', bare)]
    p50 = [row['p50_ms'] for row in whole]
    whole[0]['over'] = p50[0] / (p50[1] + p50[2]) if None not in p50 else None
    parts = [parts_of(frames[s], received['node', s]) for s in stamps['node']
             if s in frames and ('node', s) in received]
    return whole + [_row(case, name, [part[name] for part in parts])
                    for name in (parts[0] if parts else ())]


def parts_of(frame: dict, received: int) -> dict[str, float]:
    """Return the milliseconds of each part of one frame's way; they add up to the whole."""
    inner = {name: frame['stages'][name] for name in frame['stages']
             if name not in ('segment', 'tracking', 'publish', 'total')}
    waiting = {name: inner.pop(name) for name in ('wait', 'decode')}
    parts = {'transport in': (frame['arrived'] - frame['stamp']) / 1e6, **waiting, **inner,
             'messages': (frame['sent'] - frame['found']) / 1e6,
             'transport out': (received - frame['sent']) / 1e6}
    return {**parts, 'rest': (received - frame['stamp']) / 1e6 - sum(parts.values())}


def _row(case: dict, part: str, ms: Iterable[float], sent: int | None = None) -> dict:
    times = Times(tuple(ms))
    values = {'p50_ms': times.median, 'p95_ms': times.percentile(95),
              'p99_ms': times.percentile(99)} if times.ms else dict.fromkeys(
                  ('p50_ms', 'p95_ms', 'p99_ms'))
    counts = {} if sent is None else {'sent': sent, 'lost': sent - len(times.ms)}
    return {**case, 'part': part, **values, **counts}


def building_rows(size: tuple[int, int] = (2048, 1024), repeats: int = 50) -> list[dict]:
    """Return a row for each output message: how long it takes to fill."""
    image, header = np.zeros((size[1], size[0], 3), np.uint8), Header()
    processor = FrameProcessor()
    frame = processor.finish(processor.prepare(image), _crowd(size), header)

    def fill(output: Output) -> object:
        return to_message(message_class(output.type), output.build(frame))

    names = {'detections': f'detections ({len(frame.result.instances)})'}
    makers = {names.get(output.name, output.name): partial(fill, output)
              for output in outputs_of(CameraSettings()) if not output.on_request}
    makers['overlay'] = lambda: to_message(Image, image_fields(image, header))  # drawn already
    case = {'size': size_name(size), 'transport': '-', 'fast_dds': '-'}
    return [_row(case, f'build {name}', times.ms)
            for name, times in time_calls(makers, repeats, title='messages').items()]


def _crowd(size: tuple[int, int], columns: int = 8, lines: int = 4) -> InstanceMap:
    """Return an image full of cars."""
    x, y = (np.arange(n) * k // n for n, k in zip(size, (columns, lines), strict=True))
    numbers = (y[:, None] * columns + x).astype(np.uint16)
    classes = np.full(numbers.shape, 26, np.uint8)
    return InstanceMap.from_masks(LabelSet.named('cityscapes'), classes, 26000 + numbers)
