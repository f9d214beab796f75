# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of one run from its recording: frame counts, instances and times."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from ..core.stages import STAGES
from . import images
from .reader import Bag

PERCENTILES = (50, 95, 99)
LOST = 'lost on the way'
_MILLISECOND = 1_000_000


@dataclass
class FrameCounts:
    """The node's own account of its frames, from its diagnostics."""

    received: int = 0
    published: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether every frame received has been published, dropped or failed."""
        return self.received == self.published + sum(self.dropped.values()) + sum(
            self.failed.values())

    @classmethod
    def from_diagnostics(cls, data: bytes) -> 'FrameCounts | None':
        """Read a serialized DiagnosticArray; None when no status in it counts frames."""
        message = images.deserialize(data, 'diagnostic_msgs/msg/DiagnosticArray')
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if 'received' in values and 'published' in values:
                return cls.from_values(values)
        return None

    @classmethod
    def from_values(cls, values: Mapping[str, str]) -> 'FrameCounts':
        """Read the values of a camera's diagnostic status."""
        return cls(int(values['received']), int(values['published']),
                   _under('dropped/', values), _under('failed/', values))


@dataclass
class RunReport:
    """Frames in and out, instances per class, and percentiles (50, 95, 99) in milliseconds."""

    frames_in: int
    counts: FrameCounts
    recorded: int = 0
    """Instance masks in the recording."""
    instances: dict[str, int] = field(default_factory=dict)
    stages_ms: dict[str, tuple[float, ...]] = field(default_factory=dict)
    camera_to_mask_ms: tuple[float, ...] | None = None

    @property
    def dropped(self) -> dict[str, int]:
        """Frames that were not processed, by reason, those included that never arrived."""
        lost = {LOST: self.frames_in - self.counts.received}
        return {k: v for k, v in (self.counts.dropped | lost).items() if v}

    def violation(self) -> str:
        """Describe where in = out + dropped + failed is violated; empty if nowhere."""
        if not self.counts.settled:
            return (f'{self.counts.received} frames were received, but {self.counts.published} '
                    f'published, {sum(self.counts.dropped.values())} dropped and '
                    f'{sum(self.counts.failed.values())} failed.')
        if self.counts.received > self.frames_in:
            return f'{self.frames_in} frames were played, but {self.counts.received} received.'
        if self.recorded > self.counts.published:
            return (f'{self.counts.published} frames were published, but {self.recorded} '
                    'recorded.')
        return ''

    def to_dict(self) -> dict:
        """Return the report as plain data."""
        counts = asdict(self.counts)
        return {
            'frames': {'in': self.frames_in, 'out': counts['published'],
                       'dropped': self.dropped, 'failed': counts['failed'],
                       'recorded': self.recorded},
            'instances': self.instances,
            'percentiles': list(PERCENTILES),
            'stages_ms': {k: list(v) for k, v in self.stages_ms.items()},
            'camera_to_mask_ms': self.camera_to_mask_ms and list(self.camera_to_mask_ms),
        }

    def table(self) -> str:
        """Return the report for people."""
        failed = {k: v for k, v in self.counts.failed.items() if v}
        lines = [f'frames   in {self.frames_in}   out {self.counts.published}   '
                 f'dropped {_reasons(self.dropped)}   failed {_reasons(failed)}']
        if self.recorded < self.counts.published:
            lines.append(f'         {self.counts.published - self.recorded} of the published '
                         'are not in the recording')
        lines += ['', f'{"instances":<24}{"total":>8}{"a frame":>10}']
        lines += [f'  {name:<22}{total:>8}{total / max(self.recorded, 1):>10.1f}'
                  for name, total in sorted(self.instances.items(), key=lambda i: -i[1])]
        lines += ['', f'{"latency in ms":<24}' + ''.join(f'{f"p{p}":>8}' for p in PERCENTILES)]
        rows = dict(self.stages_ms)
        if self.camera_to_mask_ms:
            rows['camera to mask'] = self.camera_to_mask_ms
        lines += [f'  {name:<22}' + ''.join(f'{value:>8.1f}' for value in values)
                  for name, values in rows.items()]
        return '\n'.join(lines)


def read_run(recording: Bag, prefix: str, played: Mapping[int, int]) -> RunReport:
    """Sum up a recording of the node's outputs.

    Args:
        prefix: what the output topics begin with, such as `/instance_seg`.
        played: header stamp of each image that was published, and when, in nanoseconds.
    """
    report = RunReport(len(played), FrameCounts())
    instances: Counter[str] = Counter()
    samples: defaultdict[str, list[float]] = defaultdict(list)
    latencies: list[float] = []
    for stamp, topic, data in recording.messages():
        name = topic.name.removeprefix(f'{prefix}/')
        if name == 'instance_mask':
            report.recorded += 1
            published = played.get(images.header_stamp(data))
            if published is not None:
                latencies.append((stamp - published) / _MILLISECOND)
        elif name == 'detections':
            message = images.deserialize(data, topic.type)
            instances.update(d.results[0].hypothesis.class_id for d in message.detections)
        elif name.startswith('debug/') and name.endswith('_ms'):
            sample = images.deserialize(data, topic.type).data
            samples[name.removeprefix('debug/').removesuffix('_ms')].append(sample)
        elif name == '/diagnostics':
            report.counts = FrameCounts.from_diagnostics(data) or report.counts
    report.instances = dict(instances)
    report.stages_ms = {
        stage: _percentiles(samples[stage])
        for stage in (*(s for s in STAGES if s in samples), *sorted(set(samples) - set(STAGES)))}
    report.camera_to_mask_ms = _percentiles(latencies) if latencies else None
    return report


def _percentiles(values: list[float]) -> tuple[float, ...]:
    return tuple(round(float(v), 3) for v in np.percentile(values, PERCENTILES))


def _under(prefix: str, values: Mapping[str, str]) -> dict[str, int]:
    return {key.removeprefix(prefix): int(value) for key, value in values.items()
            if key.startswith(prefix)}


def _reasons(counts: Mapping[str, int]) -> str:
    reasons = ', '.join(f'{name} {count}' for name, count in counts.items())
    return f'{sum(counts.values())}' + (f' ({reasons})' if reasons else '')
