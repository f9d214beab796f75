# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where data sets put their parts: names of splits, files of images."""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SPLIT_NAMES = {'train': ('train', 'training'), 'val': ('val', 'valid', 'validation'),
               'test': ('test', 'testing')}
"""What tools call the splits."""


def is_split(name: str, split: str) -> bool:
    """Return whether a folder or file stem is of a split: `train2017`, `valid`, `Validation`."""
    plain = name.lower().rstrip('0123456789_-')
    return plain in SPLIT_NAMES.get(split, (split,))


def any_split(name: str) -> bool:
    """Return whether a name is that of some split."""
    return any(is_split(name, split) for split in SPLIT_NAMES)


def split_folders(folder: Path, split: str) -> list[Path]:
    """Return the folders of a split in a folder."""
    return [p for p in subfolders(folder) if is_split(p.name, split)]


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, by name; none where it does not exist."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:     # knows folders from files without asking for each
        return sorted(folder / entry.name for entry in entries if entry.is_dir())


class Finder:
    """Finds files by name in several folders: the one that had the last file comes first."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Keep the folders that exist."""
        self._folders = [f for f in dict.fromkeys(folders) if f.is_dir()]

    def __call__(self, name: str) -> Path | None:
        """Return the file, by its path below a folder or else its bare name; None: missing."""
        for folder in self._candidates(name):
            if folder[1].is_file():
                self._folders.remove(folder[0])
                self._folders.insert(0, folder[0])
                return folder[1]
        return None

    def _candidates(self, name: str) -> Iterator[tuple[Path, Path]]:
        name = name.replace('\\', '/')
        for part in dict.fromkeys((name, Path(name).name)):
            yield from ((folder, folder / part) for folder in list(self._folders))
