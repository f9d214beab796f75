# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of the segmented cameras of a bag: counts, times, classes; no pixels."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ..bags import images
from ..bags.reader import Bag
from ..bags.run_report import FrameCounts
from ..bags.topics import Message, Topic
from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR, Label, LabelSet
from ..core.stages import STAGES
from .times import FrameTimes, as_recorded, repeated

_MASK, _DETECTIONS = '/instance_mask', '/detections'


@dataclass(frozen=True)
class Detection:
    """One instance as it was published."""

    id: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels."""


@dataclass
class Camera:
    """The outputs of one camera; times in nanoseconds, from `times`."""

    prefix: str
    """What its topics begin with: `/instance_seg` or `/instance_seg/CAMERA`."""
    masks: dict[int, int] = field(default_factory=dict)
    """When each image's mask was recorded, by the image's time."""
    detections: dict[int, list[Detection]] = field(default_factory=dict)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    """Times of each stage, frame by frame."""
    label_set: LabelSet | None = None
    image_topic: Topic | None = None
    """Where the images are in the bag; None where they were not recorded."""
    images: int = 0
    """Images in the bag."""
    times: FrameTimes = field(default_factory=FrameTimes)
    counts: FrameCounts | None = None
    """The node's own account of its frames; None if /diagnostics was not recorded."""

    @property
    def name(self) -> str:
        """What to call it."""
        return self.prefix.strip('/').replace('/', ' ')

    @property
    def stamps(self) -> list[int]:
        """Times of the images that were segmented, in order."""
        return sorted(self.masks or self.detections)

    @property
    def delays_ms(self) -> list[float]:
        """From each image's time to the recording of its mask, where clocks agree."""
        delays = [(recorded - stamp) / 1e6 for stamp, recorded in self.masks.items()]
        return delays if delays and min(delays) > 0 and max(delays) < 60_000 else []


@dataclass
class _Reading:
    """A camera while its bag is read; of each message the header's stamp and the recording's."""

    camera: Camera
    masks: list[tuple[int, int]] = field(default_factory=list)
    detections: list[tuple[int, int, list[Detection]]] = field(default_factory=list)


def read_cameras(bag: Bag) -> list[Camera]:
    """Return the cameras of a bag; UserError if it has no outputs of this package."""
    cameras = {topic.name.removesuffix(ending): None for topic in bag.topics
               for ending in (_MASK, _DETECTIONS) if topic.name.endswith(ending) and topic.count}
    if not cameras:
        raise UserError(f'{bag.path} contains no outputs of the node (topics that end in '
                        f'{_MASK} or {_DETECTIONS}); record them, or make them with `instance_seg '
                        'process-bag`.')
    readings = {prefix: _Reading(Camera(prefix)) for prefix in cameras}
    image_stamps: dict[Topic, list[int]] = defaultdict(list)
    for message in bag.messages():
        _read(message, readings, image_stamps)
    for reading in readings.values():
        _complete(reading, image_stamps)
    cameras = [reading.camera for reading in readings.values() if reading.camera.stamps]
    if not cameras:
        raise UserError(f'{bag.path} contains outputs of the node, but none can be read '
                        f'({bag.break_reason or "its index is wrong"}); record them again, or '
                        'make them with `instance_seg process-bag`.')
    return cameras


def _read(message: Message, readings: dict[str, _Reading],
          image_stamps: dict[Topic, list[int]]) -> None:
    topic, data = message.topic, message.data
    prefix, _, name = topic.name.rpartition('/')
    reading = readings.get(prefix) or readings.get(prefix.removesuffix('/debug'))
    if topic.name == '/diagnostics':
        _read_counts(data, readings)
    elif reading is None:
        if topic.is_image:
            image_stamps[topic].append(images.header_stamp(data))
    elif name == 'instance_mask':
        reading.masks.append((images.header_stamp(data), message.stamp))
    elif name == 'detections':
        found = images.deserialize(data, topic.type)
        reading.detections.append((images.stamp_of(found), message.stamp,
                                   [d for d in map(_detection, found.detections) if d]))
    elif name == 'label_info':
        classes = images.deserialize(data, topic.type).class_map
        reading.camera.label_set = _label_set({c.class_id: c.class_name for c in classes})
    elif prefix.endswith('/debug') and name.endswith('_ms'):
        sample = float(images.deserialize(data, topic.type).data)
        reading.camera.stages_ms.setdefault(name.removesuffix('_ms'), []).append(sample)


def _read_counts(data: bytes, readings: dict[str, _Reading]) -> None:
    message = images.deserialize(data, 'diagnostic_msgs/msg/DiagnosticArray')
    for status in message.status:
        node, _, what = status.name.partition(': camera')
        reading = readings.get('/'.join(filter(None, (f'/{node.lstrip("/")}', what.strip()))))
        values = {pair.key: pair.value for pair in status.values}
        if reading is not None and 'received' in values:
            reading.camera.counts = FrameCounts.from_values(values)


def _complete(reading: _Reading, image_stamps: dict[Topic, list[int]]) -> None:
    """Complete the camera with what needs the whole bag."""
    camera = reading.camera
    _place(reading, image_stamps)
    camera.stages_ms = {stage: camera.stages_ms[stage] for stage in sorted(
        camera.stages_ms, key=lambda s: (STAGES.index(s) if s in STAGES else 99, s))}
    if camera.label_set is None:
        camera.label_set = _label_set({d.id // INSTANCE_FACTOR: d.label
                                       for found in camera.detections.values() for d in found})


def _place(reading: _Reading, image_stamps: dict[Topic, list[int]]) -> None:
    """Find the frames' times and images; none is lost where headers repeat their stamp."""
    camera = reading.camera
    masks, detections = as_recorded(reading.masks), as_recorded(reading.detections)
    frames = [(stamp, recorded) for stamp, recorded, *_ in masks or detections]
    stamps = Counter(stamp for stamp, _ in frames)
    _find_image_topic(camera, stamps, image_stamps)
    shared = repeated(stamp for stamp, *_ in masks) | repeated(stamp for stamp, *_ in detections)
    if camera.image_topic:
        shared |= repeated(image_stamps[camera.image_topic])
    camera.times = FrameTimes(frames, shared & stamps.keys())
    camera.masks = {camera.times(*mask): mask[1] for mask in masks}
    camera.detections = {camera.times(stamp, recorded): found
                         for stamp, recorded, found in detections}


def _find_image_topic(camera: Camera, stamps: Counter,
                      image_stamps: dict[Topic, list[int]]) -> None:
    """Find the topic whose images the camera's outputs were made from: the stamps agree."""
    agreeing = {topic: (stamps & Counter(theirs)).total()
                for topic, theirs in image_stamps.items()}
    agreeing = {topic: count for topic, count in agreeing.items() if count}
    if len(agreeing) > 1 and len(stamps) == 1 < stamps.total():
        return      # all frames have one stamp, such as zero: each of these topics may be it
    best = max(agreeing, key=lambda topic: (agreeing[topic], -len(image_stamps[topic])),
               default=None)
    if best is not None:
        camera.image_topic, camera.images = best, len(image_stamps[best])


def _detection(message) -> Detection | None:
    """Return a detection; None for one of another program that has no numeric id or no class."""
    if not message.results or not message.id.isdecimal():
        return None
    x, y = message.bbox.center.position.x, message.bbox.center.position.y
    dx, dy = message.bbox.size_x / 2, message.bbox.size_y / 2
    hypothesis = message.results[0].hypothesis
    return Detection(int(message.id), hypothesis.class_id, hypothesis.score,
                     (x - dx, y - dy, x + dx, y + dy))


def _label_set(names: dict[int, str]) -> LabelSet | None:
    """Return the built-in label set with these names, or a new one."""
    for built_in in map(LabelSet.named, ('cityscapes', 'camvid')):
        known = {label.id: label.name for label in built_in.labels}
        if names.items() <= known.items():
            return built_in
    palette = LabelSet.named('cityscapes').labels
    return LabelSet('recorded', tuple(
        Label(i, name, palette[k % len(palette)].color, True)
        for k, (i, name) in enumerate(sorted(names.items()))))
