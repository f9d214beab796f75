# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images without labels, from folders, videos and bags, each with its neighbours in time."""
from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from ..bags import choose_image_topic, images, open_source
from ..bags.reader import is_bag
from ..bags.video import VIDEO_SUFFIXES
from ..core.errors import UserError
from ..core.image_codec import ImageError
from ..io.inputs import find_inputs, read_image
from ..messages.images import decode_image


@dataclass(frozen=True)
class UnlabelledImage:
    """An image, uint8 (H, W, 3) RGB, and the frames just before and after it, if any."""

    name: str
    image: np.ndarray
    neighbours: tuple[np.ndarray, ...] = ()


def unlabelled_images(path: Path, topic: str | None = None,
                      every: int = 1) -> Iterator[UnlabelledImage]:
    """Yield every `every`-th image of a folder, video or bag; what cannot be decoded is reported.

    Images of a folder have no neighbours: they may come from anywhere.

    Raises:
        UserError: when there are no images, or `every` is below 1.
    """
    if every < 1:
        raise UserError(f'--every must be 1 or more, not {every}.')
    if is_bag(path) or path.suffix.lower() in VIDEO_SUFFIXES:
        yield from _with_neighbours(_frames(path, topic), every)
    else:
        yield from _files(path, every)


def _files(path: Path, every: int) -> Iterator[UnlabelledImage]:
    sources = [source for source in find_inputs([str(path)]) if not source.is_video]
    for source in sources[::every]:
        frame = read_image(source)
        if frame.image is None:
            _report(source.path, frame.problem)
        else:
            yield UnlabelledImage(_file_name(source.name), frame.image)


def _frames(path: Path, topic: str | None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, image) of one image topic in order."""
    with open_source(path) as source:
        chosen = choose_image_topic(source, topic)
        for index, message in enumerate(source.messages([chosen.name])):
            try:
                image = decode_image(images.deserialize(message.data, chosen.type))
            except ImageError as error:
                _report(f'{path}, image {index}', error)
            else:
                yield _file_name(f'{path.stem}_{index:06d}'), image


def _with_neighbours(frames: Iterable[tuple[str, np.ndarray]],
                     every: int) -> Iterator[UnlabelledImage]:
    """Yield every `every`-th frame with the one before and the one after it."""
    before = current = None
    for index, after in enumerate(chain(frames, [None])):
        if current and (index - 1) % every == 0:
            name, image = current
            neighbours = tuple(frame[1] for frame in (before, after) if frame)
            yield UnlabelledImage(name, image, neighbours)
        before, current = current, after


def _file_name(name: str) -> str:
    return re.sub(r'[^\w.-]', '_', name)


def _report(what: object, reason: object) -> None:
    print(f'instance_seg: {what} is skipped: {reason}.', file=sys.stderr)
