# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From one bag to another: every frame is segmented, none is dropped."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from uuid import uuid4

from ..bags import Message
from ..bags.playback import Playback
from ..bags.sources import Source
from ..core.errors import UserError
from ..core.instances import SCORE_THRESHOLD
from ..inference.segmenter import InstanceSegmenter
from ..io.inputs import ahead
from .camera_plan import CameraPlan
from .decoding import decode
from .outputs import VehicleOutputs
from .progress import ResumableBag
from .steps import Step, image_steps

_log = logging.getLogger(__name__)

DECODERS = 2


@dataclass(frozen=True)
class Options:
    """How a bag is processed."""

    part: Playback = field(default_factory=Playback)
    """Time range."""
    every: int = 1
    """Process every n-th image of a camera; the others are only copied."""
    batch: int = 1
    """Images per network call. Only 1 guarantees the bits of the node's output: other batch sizes
    may round differently."""
    only_outputs: bool = False
    score_threshold: float = SCORE_THRESHOLD
    """As in label_info; the segmenter has its own."""


@dataclass
class Summary:
    """Result of a run."""

    frames: int
    failed: Counter
    instances: Counter
    resumed: int
    """Frames of these processed by an earlier run."""
    seconds: float
    segmenting_s: float
    """Of these, the mean time in which a segmenter was busy."""
    break_reason: str


class BagProcessor:
    """Segments the images of a source and writes a bag."""

    def __init__(self, segmenters: Sequence[InstanceSegmenter], source: Source,
                 cameras: dict[str, CameraPlan], options: Options):
        """Check the options.

        Args:
            segmenters: identical ones; each processes batches in a thread of its own.
            source: bag or video.
            cameras: by image topic.
            options: how it is processed.

        Raises:
            UserError: for invalid options, or output topics that exist in the source.
        """
        if options.every < 1 or options.batch < 1:
            raise UserError('--every and --batch must be 1 or more.')
        self._segmenters, self._source = segmenters, source
        self._free = SimpleQueue()
        for segmenter in segmenters:
            self._free.put(segmenter)
        self._cameras, self._options = cameras, options
        self._interval = options.part.interval(source)
        self._kept = [] if options.only_outputs else list(source.topics)
        prefix = next(iter(cameras.values())).prefix.rpartition('/')[0] if cameras else ''
        self._vehicle = VehicleOutputs(prefix, {t: c.settings for t, c in cameras.items()})
        self._outputs = [topic for camera in cameras.values() for topic in camera.outputs]
        self._outputs += self._vehicle
        taken = {t.name for t in self._kept} & {t.name for t in self._outputs}
        if taken:
            raise UserError(f'{source.path} has {", ".join(sorted(taken))} already; use '
                            '--only-outputs, or another --prefix.')
        self._segmenting_s, self._lock = 0.0, Lock()

    def run(self, output: Path, job: dict,
            on_frames: Callable[[int], None] = lambda count: None) -> Summary:
        """Write the bag; after an exception, the next call continues it.

        Args:
            output: the new bag.
            job: identifies the run; only the same job is continued, and none with tracking,
                which needs all images from the first one on.
            on_frames: called with the number of frames done since the last call.
        """
        begin, self._segmenting_s = time.monotonic(), 0.0
        if any(camera.processor.tracker for camera in self._cameras.values()):
            job = {**job, 'run': uuid4().hex}
        with ResumableBag(output, job, [*self._kept, *self._outputs]) as bag:
            resumed = bag.progress.frames
            on_frames(resumed)
            if not bag.progress.inputs:
                bag.write(0, self._labels())
            for step, messages in self._written(bag.progress.inputs):
                if step.wanted:
                    self._count(bag.progress, step)
                    on_frames(1)
                bag.write(1, messages)
        progress = bag.progress
        return Summary(progress.frames, progress.failed, progress.instances, resumed,
                       time.monotonic() - begin, self._segmenting_s / len(self._segmenters),
                       self._source.break_reason)

    def _written(self, skipped: int) -> Iterator[tuple[Step, list[Message]]]:
        """Yield each message with its output; decoding and segmentation run ahead."""
        with ExitStack() as stack:
            helpers = stack.enter_context(ThreadPoolExecutor(DECODERS))
            workers = len(self._segmenters)
            networks = stack.enter_context(ThreadPoolExecutor(workers))
            steps = islice(image_steps(self._source, self._cameras, self._kept, self._interval,
                                       self._options.every), skipped, None)
            steps = ahead(self._decoded, steps, helpers,
                          2 * DECODERS + workers * self._options.batch)
            batches = ahead(self._segmented, self._batches(steps), networks, workers)
            frames = (self._finished(step) for batch in batches for step in batch)
            yield from ahead(self._serialized, frames, helpers, DECODERS)

    def _batches(self, steps: Iterator[Step]) -> Iterator[list[Step]]:
        """Yield runs of messages with the images of one batch."""
        batch, image_count = [], 0
        for step in steps:
            batch.append(step)
            image_count += step.wanted
            if image_count == self._options.batch:
                yield batch
                batch, image_count = [], 0
        yield batch

    def _decoded(self, step: Step) -> Step:
        if not step.wanted:
            return step
        processor = self._cameras[step.message.topic.name].processor
        return step._replace(decoded=decode(step.message, processor))

    def _segmented(self, batch: list[Step]) -> list[Step]:
        parts = [step.decoded.prepared.part for step in batch if step.to_segment]
        segmenter, begin = self._free.get(), time.monotonic()
        try:
            results = iter(segmenter(parts))
        finally:
            self._free.put(segmenter)
        with self._lock:
            self._segmenting_s += time.monotonic() - begin
        return [step._replace(result=next(results)) if step.to_segment else step
                for step in batch]

    def _finished(self, step: Step) -> Step:
        """Restore and track; in the order of the images."""
        if step.result is None:
            return step
        processor, decoded = self._cameras[step.message.topic.name].processor, step.decoded
        frame = processor.finish(decoded.prepared, step.result, decoded.header, step.geometry)
        if processor.motion is not None:
            _ = frame.positions     # here, where the frames come in order
        return step._replace(
            frame=frame, clouds=self._vehicle.complete(step.message.topic.name, frame))

    def _serialized(self, step: Step) -> tuple[Step, list[Message]]:
        messages = [] if self._options.only_outputs else [step.message]
        if step.frame:
            stamp, topic, _ = step.message
            messages += [Message(stamp, output, data) for output, data in
                         (*self._cameras[topic.name].outputs.serialize(step.frame),
                          *self._vehicle.serialize(step.clouds))]
        return step, messages

    def _labels(self) -> list[Message]:
        stamp, labels = self._interval[0], self._segmenters[0].label_set
        threshold = self._options.score_threshold
        return [Message(stamp, camera.outputs.label_info,
                        camera.outputs.serialize_labels(labels, threshold, stamp))
                for camera in self._cameras.values()]

    @staticmethod
    def _count(progress, step: Step) -> None:
        progress.frames += 1
        if step.decoded.problem:
            if not progress.failed[step.decoded.problem]:   # each kind once
                _log.warning('%s: %s (%s).', step.message.topic.name, step.decoded.reason,
                             step.decoded.problem)
            progress.failed[step.decoded.problem] += 1
        else:
            progress.instances.update(i.label for i in step.frame.result.instances)
