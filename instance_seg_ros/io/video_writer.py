# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Videos and contact sheets from images with times."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from ..core.errors import UserError

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_TIME_BASE = Fraction(1, 90_000)
_LONGEST_PAUSE_S = 3600     # mp4 has 31 bits for the time of one image, 6.6 hours
_ENCODERS = (('libx264', {'crf': '23', 'preset': 'veryfast'}), ('mpeg4', {'qscale': '3'}))


def write_film(path: Path, frames: Iterable[tuple[float, np.ndarray]]) -> int:
    """Write an mp4 that common players open (H.264 or MPEG-4, 4:2:0); return the frames written.

    Args:
        frames: seconds, increasing, and images, H x W x 3 RGB uint8. An image is shown until
            the next one is due, an hour at most; other sizes are scaled to the first one's.
    """
    import av  # only films need it

    stream, size, count = None, (0, 0), 0
    with av.open(str(path), 'w', format='mp4') as container:
        for tick, image in _ticks(frames):
            if stream is None:
                # Colours are stored once for 2 x 2 pixels, so an odd row or column is left out.
                size = image.shape[1] // 2 * 2, image.shape[0] // 2 * 2
                stream = _add_stream(av, container, size)
            frame = av.VideoFrame.from_ndarray(_fitted(image, size), format='rgb24')
            frame.pts, frame.time_base = tick, _TIME_BASE
            container.mux(stream.encode(frame))
            count += 1
        if stream is not None:
            container.mux(stream.encode(None))
    return count


def contact_sheet(images: Sequence[tuple[str, np.ndarray]], columns: int = 3,
                  width: int = 640) -> np.ndarray:
    """Lay captioned images out in a grid.

    Args:
        images: captions and images, H x W x 3 RGB uint8; all get the shape of the first one.
        width: of one image in the grid, in pixels.

    Returns:
        RGB uint8.
    """
    height = round(width * images[0][1].shape[0] / images[0][1].shape[1])
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for index, (caption, image) in enumerate(images):
        y, x = index // columns * height, index % columns * width
        tile = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        sheet[y:y + height, x:x + width] = _captioned(tile, caption)
    return sheet


def spread(count: int, wanted: int) -> list[int]:
    """Return up to ``wanted`` indices, evenly spread over ``range(count)``, both ends in it."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, wanted))})


def _ticks(frames: Iterable[tuple[float, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the time of each image in the video, and the image; times are distinct."""
    tick, begin, before = -1, 0.0, None
    for seconds, image in frames:
        begin = seconds if before is None else begin + max(0, seconds - before - _LONGEST_PAUSE_S)
        tick, before = max(tick + 1, round((seconds - begin) / _TIME_BASE)), seconds
        yield tick, image


def _add_stream(av: ModuleType, container: 'OutputContainer',
                size: tuple[int, int]) -> 'VideoStream':
    usable = [encoder for encoder in _ENCODERS if encoder[0] in av.codecs_available]
    if not usable:
        names = ' or '.join(name for name, _ in _ENCODERS)
        raise UserError(f'PyAV has no video encoder {names}; install the wheel of av.')
    name, options = usable[0]
    # The stubs of av know the kind of stream only for literal names.
    stream = cast('VideoStream', container.add_stream(name, options=options))
    stream.width, stream.height = size
    stream.pix_fmt = 'yuv420p'
    stream.time_base = stream.codec_context.time_base = _TIME_BASE
    return stream


def _fitted(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if image.shape[1] // 2 * 2 != size[0] or image.shape[0] // 2 * 2 != size[1]:
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[:size[1], :size[0]])


def _captioned(image: np.ndarray, caption: str) -> np.ndarray:
    where, font = (8, image.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX
    for color, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(image, caption, where, font, 0.6, color, thickness, cv2.LINE_AA)
    return image
