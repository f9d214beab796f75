# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A video file as a source of image messages."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from . import images
from .topics import Message, Topic

VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.ts', '.wmv')
TOPIC = '/camera/image_raw'
FRAME_ID = 'camera'
FIRST_STAMP = 1_000_000_000
"""The first frame's time in nanoseconds: a second, since zero means "no time" in ROS."""

_log = logging.getLogger(__name__)


class Video:
    """A video that reads like a bag with one topic of rgb8 images, timed as its frames are."""

    def __init__(self, path: Path | str):
        """Open ``path``; UserError when it is no video that can be decoded."""
        self.path = Path(path)
        self.break_reason = ''
        self._stamps, self._stamp_of = self._frame_stamps()
        self.count = len(self._stamps)
        self.start, self.end = self._stamps[0], self._stamps[-1]
        topic = Topic.of(TOPIC, 'sensor_msgs/msg/Image')
        self.topics = (replace(topic, count=self.count),)

    def messages(self, topics: Collection[str] | None = None, start: int | None = None,
                 stop: int | None = None) -> Iterator[Message]:
        """Yield the frames as messages; parameters as those of `Bag.messages`."""
        if topics is not None and TOPIC not in topics:
            return
        for stamp, frame in self.frames():
            if stop is not None and stamp >= stop:
                return
            if start is None or stamp >= start:
                header = images.header(stamp, FRAME_ID)
                data = images.serialize_image(header, 'rgb8', frame)
                yield Message(stamp, self.topics[0], data)

    def close(self) -> None:
        """Do nothing: each reading opens the file for itself."""

    def __enter__(self) -> 'Video':
        return self

    def __exit__(self, *_) -> None:
        pass

    @contextmanager
    def _stream(self):
        """Open the file for one pass through its first video stream."""
        import av  # only videos need it

        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise UserError(f'{self.path} holds no video stream.')
                yield container, container.streams.video[0]
        except (av.FFmpegError, OSError) as error:
            raise UserError(f'{self.path} cannot be read as a video: '
                            f'{error.strerror or error}.') from error

    def _frame_stamps(self) -> tuple[list[int], dict[int, int]]:
        """
        Return the times of the frames, first to last, and by what the file has for their times.

        That is nothing where it has no usable ones. Needs no decoding.
        """
        with self._stream() as (container, stream):
            # The decoder does not show what an edit list cuts off.
            times = [p.pts for p in container.demux(stream) if p.size and not p.is_discard]
            unit = stream.time_base
            counted = None in times or len(set(times)) < len(times)  # such as in old .avi files
            if counted:
                times, unit = range(len(times)), 1 / (stream.average_rate or 25)
        if not times:
            raise UserError(f'{self.path} holds no video frames.')
        first = min(times)
        stamp_of = {t: FIRST_STAMP + round((t - first) * unit * images.NANOSECONDS)
                    for t in sorted(times)}
        return list(stamp_of.values()), {} if counted else stamp_of

    def frames(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield times in nanoseconds and frames, H x W x 3 RGB uint8, until one is broken."""
        seen = 0
        try:
            with self._stream() as (container, stream):
                stream.thread_type = 'AUTO'
                for stamp, frame in zip(self._stamps, container.decode(stream), strict=False):
                    # A frame keeps its own time when one before it could not be decoded.
                    yield self._stamp_of.get(frame.pts, stamp), frame.to_ndarray(format='rgb24')
                    seen += 1
        except UserError as error:
            if not seen:
                raise
            self.break_reason = str(error)
        if seen < self.count and not self.break_reason:
            self.break_reason = f'only {seen} of its {self.count} frames can be decoded'
        if self.break_reason:
            _log.warning('%s is damaged: %s.', self.path, self.break_reason)
