# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image and video files: find them and read their frames."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ..bags.reader import STORAGE_SUFFIXES
from ..bags.video import FIRST_STAMP, VIDEO_SUFFIXES, Video
from ..core.errors import UserError
from ..core.image_codec import ImageError, decode_image_file

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.jpe', '.webp', '.bmp', '.tif', '.tiff', '.ppm',
                    '.pgm', '.pbm')
UNSUPPORTED_SUFFIXES = ('.heic', '.heif', '.avif')
"""Images that are taken from a folder in order to report that they cannot be read."""
_SUFFIXES = IMAGE_SUFFIXES + UNSUPPORTED_SUFFIXES + VIDEO_SUFFIXES
RESULT_ENDINGS = ('_overlay', '_instanceIds', '_labelIds')
"""Ends of the names of what is written; files named so are not taken from a folder."""
_CAMERA_ENDING = '_leftImg8bit'


@dataclass(frozen=True)
class Input:
    """A file to segment; `name` is the path of its results, relative and without an ending."""

    path: Path
    name: str

    @property
    def is_video(self) -> bool:
        """Whether its name ends as those of videos do."""
        return _is_video(self.path)


@dataclass(frozen=True)
class Frame:
    """An image, or one of a video: uint8 (H, W, 3) RGB, or None with the `problem` it has."""

    input: Input
    image: np.ndarray | None
    index: int = 0
    seconds: float | None = None
    """Time in the video; None for an image."""
    problem: str = ''

    @property
    def name(self) -> str:
        """Path of the frame's own results, relative and without an ending."""
        name = self.input.name
        return name if self.seconds is None else f'{name}/{self.index:06d}'


def find_inputs(arguments: Sequence[str], output: Path | None = None) -> list[Input]:
    """Return the files that paths, folders (with all below them) and glob patterns match.

    What lies in the folder ``output``, or is named like a result, is not taken from a folder.
    Raises:
        UserError: for an argument that matches nothing, or is a bag.
    """
    found, bases = {}, []
    for argument in arguments:
        paths, base = _expand(argument, output)
        bases.append(base)
        found.update((_absolute(path), path) for path in paths)
    base = Path(os.path.commonpath(bases))
    names = _names(found, base)
    return [Input(path, names[absolute]) for absolute, path in found.items()]


def read_image(source: Input) -> Frame:
    """Read an image file, upright; one that cannot be read or decoded has a `problem`."""
    try:
        return Frame(source, decode_image_file(source.path.read_bytes()))
    except OSError as error:
        return Frame(source, None, problem=error.strerror or str(error))
    except ImageError as error:
        return Frame(source, None, problem=str(error))
    except MemoryError:
        return Frame(source, None, problem='not enough memory to decode it')


def read_video(source: Input, video: Video) -> Iterator[Frame]:
    """Yield the frames of an open video that can be decoded; UserError if there are none."""
    index = None
    for index, (stamp, image) in enumerate(video.frames()):
        yield Frame(source, image, index, (stamp - FIRST_STAMP) / 1e9)
    if index is None:
        raise UserError(f'{source.path} cannot be read: {video.break_reason}.')


def ahead(function: Callable, items: Iterable, pool: Executor, depth: int) -> Iterator:
    """Yield ``function(item)`` in order, while the pool works on up to ``depth`` more."""
    pending = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) > depth:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _expand(argument: str, output: Path | None) -> tuple[list[Path], Path]:
    """Return the files of an argument, and the folder their results' names are relative to."""
    path = Path(argument)
    if path.suffix.lower() in (*STORAGE_SUFFIXES, '.bag') or (path / 'metadata.yaml').is_file():
        raise UserError(f'{argument} is a bag; use `instance_seg process-bag` for it.')
    if path.is_dir():
        files = sorted((p for p in path.rglob('*') if _is_wanted(p, path, output)), key=_natural)
        if not files:
            raise UserError(f'{argument} contains no images or videos; supported: '
                            f'{", ".join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)}.')
        return files, _absolute(path)
    if path.is_file():
        return [path], _absolute(path).parent
    files = sorted((Path(p) for p in glob.glob(argument, recursive=True) if Path(p).is_file()),
                   key=_natural)
    if not files:
        raise UserError(f'There is no file or folder {argument}, and no file matches it as a '
                        'pattern.')
    return files, Path(os.path.commonpath([_absolute(p).parent for p in files]))


def _absolute(path: Path) -> Path:
    """Return the path from the root, symbolic links kept: names are made from it."""
    return Path(os.path.abspath(path))


def _is_wanted(path: Path, folder: Path, output: Path | None) -> bool:
    return (path.suffix.lower() in _SUFFIXES
            and not path.stem.endswith(RESULT_ENDINGS)
            and not any(part.startswith('.') for part in path.relative_to(folder).parts)
            and (output is None or _absolute(output) not in _absolute(path).parents
                 or _absolute(output) in (_absolute(folder), *_absolute(folder).parents))
            and path.is_file())


def _natural(path: Path) -> list:
    """Sort frame 10 after frame 9."""
    parts = re.split(r'(\d+)', str(path))
    return [(0, int(p), '') if p.isdigit() else (1, 0, p) for p in parts]


def _names(files: Collection[Path], base: Path) -> dict[Path, str]:
    """Name the results of files by their stems, or in full where stems are not unique."""
    in_full = set()
    while True:
        names = {path: path.relative_to(base).as_posix() if path in in_full else _stem(path, base)
                 for path in files}
        clashing = _clashing(names) - in_full
        if not clashing:
            return names
        in_full |= clashing


def _clashing(names: dict[Path, str]) -> set[Path]:
    """Return the files whose name others have too, or is the folder of others for a video."""
    count = Counter(names.values())
    parents = {PurePosixPath(name).parent for name in count}
    folders = {str(folder) for parent in parents for folder in (parent, *parent.parents)}
    return {path for path, name in names.items()
            if count[name] > 1 or (_is_video(path) and name in folders)}


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _stem(path: Path, base: Path) -> str:
    relative = path.relative_to(base).with_suffix('')
    return relative.with_name(relative.name.removesuffix(_CAMERA_ENDING)).as_posix()
