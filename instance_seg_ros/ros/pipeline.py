# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames in, outputs out: a thread of its own, so that the executor only stores messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.image_codec import ImageError
from ..core.instances import InstanceMap
from ..core.stamps import stamp_ns
from ..messages.images import decode_image
from ..monitoring.stall_watchdog import StallWatchdog
from ..perception.frame_processor import PreparedFrame
from .camera_subscription import Inbox, IncomingFrame
from .outputs import CameraPublishers

STAGES = ('wait', 'decode', 'segment', 'tracking', 'publish', 'total')
"""Stages the node measures; the segmenter's own lie within ``segment``."""
_STALLED_AFTER_S = 10.0


@dataclass
class _Job:
    """A decoded frame and its times so far in ms."""

    frame: IncomingFrame
    prepared: PreparedFrame
    stages: dict[str, float]


class Pipeline:
    """
    Segments batches of frames in a thread, from activate to deactivate.

    :param segment: a list of uint8 (H, W, 3) RGB images to a list of InstanceMaps.
    :param outputs: the outputs of each camera by name.
    :param clock_ns: the node's time, for the age of a frame; 0 when the clock is not running.
    :param on_fault: called from the thread when something other than an image is wrong; the
        thread then ends.
    :param logger: where a failure is told, once per kind and camera.
    """

    def __init__(self, segment: Callable[[list[np.ndarray]], list[InstanceMap]], inbox: Inbox,
                 outputs: dict[str, CameraPublishers], clock_ns: Callable[[], int],
                 on_fault: Callable[[Exception], None], logger: Any) -> None:
        self._segment, self.inbox, self._outputs = segment, inbox, outputs
        self._clock_ns, self._on_fault, self._logger = clock_ns, on_fault, logger
        self._gate = threading.Lock()   # held while one frame is tracked and published
        self._open = True
        self.watchdog = StallWatchdog(_STALLED_AFTER_S)     # read by other threads
        self._thread = threading.Thread(target=self._run, name='segmentation', daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> bool:
        """
        Stop publishing at once, then wait for the thread; return whether it has ended.

        A frame whose outputs are just being published is completed, every other one is dropped.
        """
        self._open = False      # no further frame begins to be published
        with self._gate:        # the one that has begun is complete
            pass
        for frame in self.inbox.close():
            frame.drop('deactivated')
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (frames := self.inbox.take()) is not None:
            self.watchdog.arrived()
            try:
                self._process(frames)
                self.watchdog.progressed()
            except Exception as error:
                # Whatever it is: no frame is forgotten, and the node does not fall silent.
                for frame in frames:
                    if not frame.settled:
                        frame.fail(type(error).__name__, str(error))
                self.watchdog.progressed()
                if self._open:
                    self._on_fault(error)
                return

    def _process(self, frames: list[IncomingFrame]) -> None:
        jobs = [job for job in map(self._decode, frames) if job is not None]
        if not jobs:
            return
        begin = time.perf_counter()
        results = self._segment([job.prepared.part for job in jobs])
        segment_ms = _ms_since(begin)
        for job, result in zip(jobs, results, strict=True):
            job.stages |= result.timings_ms | {'segment': segment_ms}
            self._publish(job, result)

    def _decode(self, frame: IncomingFrame) -> _Job | None:
        if self._is_too_old(frame):
            frame.drop('too_old')
            return None
        wait_ms, begin = (time.monotonic() - frame.arrived) * 1000, time.perf_counter()
        try:
            prepared = frame.camera.processor.prepare(decode_image(frame.message))
        except Exception as error:      # bad data of any kind must not end the node
            kind = error.kind if isinstance(error, ImageError) else 'undecodable'
            if frame.fail(kind, str(error)):
                self._logger.error(f'{frame.camera.topic}: {error} (told once, counted in the '
                                   f'diagnostics as failed/{kind})')
            return None
        return _Job(frame, prepared, {'wait': wait_ms, 'decode': _ms_since(begin)})

    def _is_too_old(self, frame: IncomingFrame) -> bool:
        limit_ms, now_ns = frame.camera.settings.max_age_ms, self._clock_ns()
        if not limit_ms or not now_ns:
            return False
        return now_ns - stamp_ns(frame.message.header) > limit_ms * 1e6

    def _publish(self, job: _Job, result: InstanceMap) -> None:
        frame, camera, header = job.frame, job.frame.camera, job.frame.message.header
        publishers = self._outputs[camera.name]
        with self._gate:
            if not self._open:      # by now the tracker may be that of another pipeline
                frame.drop('deactivated')
                return
            processed = camera.processor.finish(
                job.prepared, result, header, lambda: camera.geometry.at(header))
            if processed.tracking_ms is not None:
                job.stages['tracking'] = processed.tracking_ms
            begin = time.perf_counter()
            publishers.publish(processed)
            frame.publish()
            job.stages['publish'] = _ms_since(begin)
            job.stages['total'] = (time.monotonic() - frame.arrived) * 1000
            camera.timings.add(job.stages)
            publishers.publish_timings(job.stages)


def _ms_since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000
