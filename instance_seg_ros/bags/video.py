# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A video file as a source of image messages."""

import logging
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import UserError
from ..core.exif import upright
from . import images
from .topics import Message, Topic

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

VIDEO_SUFFIXES = (
    '.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.ts', '.wmv', '.3gp',
    '.3g2', '.asf', '.flv', '.gif', '.h264', '.264', '.h265', '.265', '.hevc', '.m2ts', '.mts',
    '.mjpeg', '.mjpg', '.ogv', '.vob')
TOPIC = '/camera/image_raw'
FRAME_ID = 'camera'
FIRST_STAMP = 1_000_000_000
"""The first frame's time in nanoseconds: a second, since zero means "no time" in ROS."""

_ORIENTATIONS = {
    (1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5, (0, 1, -1, 0): 6, (0, -1, -1, 0): 7, (0, -1, 1, 0): 8}
"""EXIF orientation by the signs of a, b, c, d of a display matrix (ISO/IEC 14496-12, 8.3.2)."""

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

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def _stream(self) -> Iterator[tuple['InputContainer', 'VideoStream']]:
        """Open the file for one pass through its video stream."""
        import av  # only videos need it

        try:
            with _opened(self.path) as container:
                stream = _main_stream(container)
                if stream is None:
                    raise UserError(f'{self.path} contains no video stream.')
                if stream.codec_context is None:        # decoding would end the process
                    raise UserError(f'{self.path} has a video stream of an unknown codec.')
                yield container, stream
        except (av.FFmpegError, OSError) as error:
            raise UserError(f'{self.path} cannot be read as a video: '
                            f'{error.strerror or error}.') from error

    def _frame_stamps(self) -> tuple[list[int], dict[int, int]]:
        """Return the times of the frames, first to last, and by what the file has for their times.

        That is nothing where it has no usable ones. Needs no decoding.
        """
        with self._stream() as (container, stream):
            # The decoder does not show what an edit list cuts off.
            found = [p.pts for p in container.demux(stream) if p.size and not p.is_discard]
            times = [pts for pts in found if pts is not None]
            unit = stream.time_base if len(set(times)) == len(found) else None
            counted = unit is None              # such as in old .avi files
            if unit is None:
                times, unit = list(range(len(found))), 1 / (stream.average_rate or Fraction(25))
        if not times:
            raise UserError(f'{self.path} contains no video frames.')
        first = min(times)
        stamp_of = {t: FIRST_STAMP + round((t - first) * unit * images.NANOSECONDS)
                    for t in sorted(times)}
        return list(stamp_of.values()), {} if counted else stamp_of

    def frames(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield times in nanoseconds and frames as a player shows them, until one is broken.

        Frames are uint8 (H, W, 3) RGB, rotated by the display matrix of the file.
        """
        seen = 0
        try:
            with self._stream() as (container, stream):
                stream.thread_type = 'AUTO'
                for stamp, frame in zip(self._stamps, container.decode(stream), strict=False):
                    # A frame keeps its own time when one before it could not be decoded.
                    image = upright(frame.to_ndarray(format='rgb24'), _orientation(frame))
                    known = None if frame.pts is None else self._stamp_of.get(frame.pts)
                    yield stamp if known is None else known, image
                    seen += 1
        except UserError as error:
            if not seen:
                raise
            self.break_reason = str(error)
        if seen < self.count and not self.break_reason:
            self.break_reason = f'only {seen} of its {self.count} frames can be decoded'
        if self.break_reason:
            _log.warning('%s is damaged: %s.', self.path, self.break_reason)


def _opened(path: Path) -> 'InputContainer':
    """Open a file whose texts may be no UTF-8."""
    import av

    try:
        return av.open(str(path), metadata_errors='replace')
    except TypeError:       # PyAV 19 knows no such option
        return av.open(str(path))


def _main_stream(container: 'InputContainer') -> 'VideoStream | None':
    """Return the first video stream that is not a cover image; None without any."""
    def is_cover(stream: 'VideoStream') -> bool:
        disposition = getattr(stream, 'disposition', None)
        return 'attached_pic' in str(getattr(disposition, 'name', '') or '')

    best = container.streams.best('video')      # as ffmpeg chooses: most frames, resolution
    videos = list(container.streams.video)
    films = [stream for stream in videos if not is_cover(stream)] or videos
    return next((stream for stream in films if stream == best), films[0] if films else None)


def _orientation(frame: 'VideoFrame') -> int:
    """Return the EXIF orientation equivalent to a frame's display matrix."""
    matrix = frame.side_data.get('DISPLAYMATRIX')
    if matrix is None or len(bytes(matrix)) != 36:
        return 1
    a, b, _, c, d, *_ = struct.unpack('=9i', bytes(matrix))
    return _ORIENTATIONS.get(tuple((value > 0) - (value < 0) for value in (a, b, c, d)), 1)
