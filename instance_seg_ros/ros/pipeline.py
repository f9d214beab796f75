# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames in, outputs out, in a thread of its own: the executor only stores messages."""

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
from ..monitoring.stall_watchdog import StallWatchdog
from ..monitoring.status_line import status_line
from ..perception.frame_batcher import FrameBatcher
from ..perception.frame_processor import PreparedFrame, ProcessedFrame
from .camera_subscription import IncomingFrame
from .image_decoding import decode_any_image
from .outputs import CameraPublishers

_STALLED_AFTER_S = 10.0


@dataclass
class _DecodedFrame:
    """A decoded frame and its times so far in ms."""

    frame: IncomingFrame
    prepared: PreparedFrame
    stages: dict[str, float]


class Pipeline:
    """Segments batches of frames in a thread, from activate to deactivate.

    Args:
        segment: a list of uint8 (H, W, 3) RGB images to a list of InstanceMaps.
        batcher: where the frames come from.
        publishers: of each camera, by name.
        clock_ns: the node's time, for the age of a frame; 0 when the clock is not running.
        on_fault: called from the thread with an error that no image causes; the thread then ends.
        logger: logs a failure once per kind and camera.
        device: of the network, for the status line of the overlay.
        on_published: called with the camera's name and each frame after it was published.
    """

    def __init__(self, segment: Callable[[list[np.ndarray]], list[InstanceMap]],
                 batcher: FrameBatcher[IncomingFrame], publishers: dict[str, CameraPublishers],
                 clock_ns: Callable[[], int], on_fault: Callable[[Exception], None],
                 logger: Any, device: str = '',
                 on_published: Callable[[str, ProcessedFrame], None] = lambda camera, frame: None,
                 ) -> None:
        self._segment, self.batcher, self._publishers = segment, batcher, publishers
        self._clock_ns, self._on_fault, self._logger = clock_ns, on_fault, logger
        self._device, self._on_published = device, on_published
        self._gate = threading.Lock()   # held while one frame is tracked and published
        self._open = True
        self._abandoned = False         # the thread did not end in time: its errors are ignored
        self.watchdog = StallWatchdog(_STALLED_AFTER_S)     # read by other threads
        self._thread = threading.Thread(target=self._run, name='segmentation', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Stop publishing at once, then wait for the thread; return whether it has ended.

        A frame whose outputs are being published is completed, every other one is dropped.
        """
        self._open = False      # no further frame is published
        with self._gate:        # the one in progress is complete
            pass
        for frame in self.batcher.close():
            frame.drop('deactivated')
        self._thread.join(timeout_s)
        self._abandoned = self._thread.is_alive()
        return not self._abandoned

    def _run(self) -> None:
        while (frames := self.batcher.take()) is not None:
            self.watchdog.arrived()
            try:
                self._process(frames)
                self.watchdog.progressed()
            except Exception as error:
                # Whatever it is: every frame is accounted for, and the node learns of it.
                for frame in frames:
                    if not frame.settled:
                        frame.fail(type(error).__name__, str(error))
                self.watchdog.progressed()
                if not self._abandoned:
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

    def _decode(self, frame: IncomingFrame) -> _DecodedFrame | None:
        if self._is_too_old(frame):
            frame.drop('too_old')
            return None
        wait_ms, begin = (time.monotonic() - frame.arrived) * 1000, time.perf_counter()
        try:
            prepared = frame.camera.processor.prepare(decode_any_image(frame.message))
        except Exception as error:      # invalid data must not end the node
            kind = error.kind if isinstance(error, ImageError) else 'undecodable'
            if frame.fail(kind, str(error)):
                self._logger.error(f'{frame.camera.topic}: {error} (logged once per kind; '
                                   f'see failed/{kind} in the diagnostics)')
            return None
        return _DecodedFrame(frame, prepared, {'wait': wait_ms, 'decode': _ms_since(begin)})

    def _is_too_old(self, frame: IncomingFrame) -> bool:
        limit_ms, now_ns = frame.camera.settings.max_age_ms, self._clock_ns()
        if not limit_ms or not now_ns:
            return False
        return now_ns - stamp_ns(frame.message.header) > limit_ms * 1e6

    def _publish(self, job: _DecodedFrame, result: InstanceMap) -> None:
        frame, camera, header = job.frame, job.frame.camera, job.frame.message.header
        publishers = self._publishers[camera.name]
        with self._gate:
            if not self._open:      # by now the tracker may be that of another pipeline
                frame.drop('deactivated')
                return
            processed = camera.processor.finish(
                job.prepared, result, header, lambda: camera.geometry.at(header))
            if processed.tracking_ms is not None:
                job.stages['tracking'] = processed.tracking_ms
            processed.status = self._status(frame)
            begin = time.perf_counter()
            publishers.publish(processed)
            self._on_published(camera.name, processed)
            frame.publish()
            job.stages['publish'] = _ms_since(begin)
            job.stages['total'] = (time.monotonic() - frame.arrived) * 1000
            camera.timings.add(job.stages)
            publishers.publish_timings(job.stages)

    def _status(self, frame: IncomingFrame) -> str:
        camera = frame.camera
        return status_line(camera.rate_out.hz(), (time.monotonic() - frame.arrived) * 1000,
                           camera.ledger.counts(), self._device)


def _ms_since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000
